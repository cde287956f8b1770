/** Time as an argument: `engine/` never takes it, so that tests and replays decide what time it is. */
export type Clock = {
  /** Milliseconds that never go back (monotonic); only differences mean something. */
  now(): number;
  /** Resolves after the given time; rejects with the signal's reason as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};
