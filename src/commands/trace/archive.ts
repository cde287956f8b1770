import { ApoError } from '../../core/errors.ts';
import { DEFAULT_REDACTION, REDACTION_LEVELS, type RedactionLevel } from '../../core/privacy/detector.ts';
import { archiveTraces as archive, type Retention } from '../../traces/cold/archive.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { coldFolder, daysOf, pseudonymKey } from './retention.ts';

export type ArchiveFlags = StoreOptions & {
  readonly olderThan: string;
  readonly expire: string;
  readonly to?: string;
  readonly redact?: string;
};

/** `apo trace archive`: applies a retention once. `apo serve --retention-days` does the same by itself. */
export async function archiveTraces(flags: ArchiveFlags): Promise<void> {
  const retention: Retention = {
    days: daysOf('--older-than', flags.olderThan),
    expireDays: daysOf('--expire', flags.expire),
    folder: flags.to ?? coldFolder(flags),
    redaction: levelOf(flags.redact),
  };
  const { traces, spans, files, expired } = await withStore(flags, (store) =>
    archive(store.traces, retention, { now: new Date(), key: pseudonymKey(flags) }),
  );
  if (flags.json) printJson({ folder: retention.folder, traces, spans, files, expired });
  else print(`${traces} traces (${spans} spans) moved to ${retention.folder}; ${expired.length} expired dates removed`);
}

/** @throws ApoError `usage` */
function levelOf(given: string | undefined): RedactionLevel {
  const level = given === undefined ? DEFAULT_REDACTION : Number(given);
  const known = REDACTION_LEVELS.find((each) => each === level);
  if (known !== undefined) return known;
  throw new ApoError('usage', `--redact ${given} is not a redaction level`, {
    hint: `choose one of ${REDACTION_LEVELS.join(', ')}`,
  });
}
