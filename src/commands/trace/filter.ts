import { ApoError } from '../../core/errors.ts';
import type { Store } from '../../stores/store.ts';
import type { TraceFilter, TraceSummary } from '../../stores/trace-store.ts';
import type { StoreOptions } from '../ui/store-options.ts';

export type FilterFlags = StoreOptions & {
  readonly session?: string;
  readonly user?: string;
  readonly model?: string;
  readonly tool?: string;
  readonly status?: string;
  readonly minScore?: number;
  readonly maxScore?: number;
  readonly text?: string;
  readonly since?: string;
  readonly until?: string;
};

/** @throws ApoError `usage` for a value that means nothing */
export function filterOf(flags: FilterFlags, nowMs: number): TraceFilter {
  const { session, user, model, tool, status, minScore, maxScore, text } = flags;
  if (status !== undefined && status !== 'ok' && status !== 'error') {
    throw new ApoError('usage', `--status "${status}" is not known`, { hint: 'use ok or error' });
  }
  if (text?.trim() === '') throw new ApoError('usage', '--text is empty', { hint: 'name at least one word' });
  return {
    ...(session === undefined ? {} : { sessionId: session }),
    ...(user === undefined ? {} : { userId: user }),
    ...(model === undefined ? {} : { model }),
    ...(tool === undefined ? {} : { tool }),
    ...(status === undefined ? {} : { status }),
    ...(text === undefined ? {} : { text }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(maxScore === undefined ? {} : { maxScore }),
    ...(flags.since === undefined ? {} : { since: timeOf(flags.since, nowMs) }),
    ...(flags.until === undefined ? {} : { until: timeOf(flags.until, nowMs) }),
  };
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `24h` is that long ago; everything else is left to the store to read as a date. */
function timeOf(given: string, nowMs: number): string {
  const ago = /^(\d+)([smhdw])$/.exec(given);
  if (ago === null) return given;
  const unit = UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  return new Date(Math.max(0, nowMs - Number(ago[1]) * unit)).toISOString();
}

/** @throws ApoError `not-found` */
export async function traceOf(store: Store, reference: string): Promise<TraceSummary> {
  const found =
    reference === 'latest' ? (await store.traces.list({}, { limit: 1 })).traces[0] : await store.traces.find(reference);
  if (found !== undefined) return found;
  throw new ApoError(
    'not-found',
    reference === 'latest' ? 'there are no traces' : `there is no one trace "${reference}"`,
    {
      hint: 'apo trace list shows all; give more digits when several begin like this',
    },
  );
}
