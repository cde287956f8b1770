/** What became of the records, by number and reason: `written + leftOut = records` for purposes of one row each. */
export type ExportReport = {
  readonly records: number;
  /** Samples or pairs that made it. */
  readonly samples: number;
  readonly rows: number;
  readonly train: number;
  readonly val: number;
  /** How many were left out for each reason, most frequent first. */
  readonly leftOut: { readonly [reason: string]: number };
  /** Things a person should know about what was written. */
  readonly warnings: readonly string[];
};

export type Tally = {
  record(): void;
  leaveOut(reason: string, count?: number): void;
  warn(kind: string, detail?: string): void;
  counts(): Pick<ExportReport, 'records' | 'leftOut' | 'warnings'>;
};

export function createTally(): Tally {
  let records = 0;
  const reasons = new Map<string, number>();
  const warnings = new Map<string, { count: number; readonly details: Set<string> }>();
  return {
    record() {
      records++;
    },
    leaveOut(reason, count = 1) {
      reasons.set(reason, (reasons.get(reason) ?? 0) + count);
    },
    warn(kind, detail) {
      const known = warnings.get(kind) ?? { count: 0, details: new Set<string>() };
      known.count++;
      if (detail !== undefined && known.details.size < 10) known.details.add(detail);
      warnings.set(kind, known);
    },
    counts: () => ({
      records,
      leftOut: Object.fromEntries([...reasons].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))),
      warnings: [...warnings].map(([kind, { count, details }]) =>
        details.size === 0 ? `${kind} (${count})` : `${kind} (${count}): ${[...details].join(', ')}`,
      ),
    }),
  };
}
