import type { RedactionLevel } from '../../core/privacy/detector.ts';
import { archiveTraces as archive, type Retention } from '../../traces/cold/archive.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { coldFolder, pseudonymKey } from './retention.ts';

export type ArchiveFlags = StoreOptions & {
  readonly olderThan: number;
  readonly expire: number;
  readonly to?: string;
  readonly redact: RedactionLevel;
};

/** `apo trace archive`: applies a retention once. `apo serve --retention-days` does the same by itself. */
export async function archiveTraces(flags: ArchiveFlags): Promise<void> {
  const retention: Retention = {
    days: flags.olderThan,
    expireDays: flags.expire,
    folder: flags.to ?? coldFolder(flags),
    redaction: flags.redact,
  };
  const { traces, spans, files, expired } = await withStore(flags, (store) =>
    archive(store.traces, retention, { now: new Date(), key: pseudonymKey(flags) }),
  );
  if (flags.json) printJson({ folder: retention.folder, traces, spans, files, expired });
  else print(`${traces} traces (${spans} spans) moved to ${retention.folder}; ${expired.length} expired dates removed`);
}
