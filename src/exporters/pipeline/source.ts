import type { Taken } from './samples.ts';

/**
 * Where samples come from. Read as often as needed and never held as a whole; every record is either a sample or a
 * reason why it is none.
 */
export type SampleSource = {
  read(): AsyncIterable<Taken>;
  /** One sample again, by its id, where the source can look it up. */
  get?(id: string): Promise<Taken | undefined>;
};

export type SelectOptions = {
  readonly minScore: number | undefined;
  readonly maxScore: number | undefined;
  /** From this score on an answer is good: a label of KTO, a reference of RFT. Default 0.5. */
  readonly goodScore: number;
  /** Least difference of scores of a best-against-worst pair. Default 0.2. */
  readonly margin: number;
  /** Of a session's conversations only those that no longer one begins with. Default false: each turn is a sample. */
  readonly longest?: boolean;
};
