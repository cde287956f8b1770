/** Time as an argument: `engine/` never takes it, so that tests and replays decide what time it is. */
export type Clock = {
  /** Milliseconds that never go back (monotonic); only differences mean something. */
  now(): number;
  /** Milliseconds since the epoch, UTC. It may jump: for records, never for deadlines or durations. */
  epoch(): number;
  /** Resolves after the given time; rejects with the signal's reason as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after the given time, unless the returned function is called before. */
  after(ms: number, callback: () => void): () => void;
};

/** The time of the clock in ISO 8601, UTC. */
export function isoNow(clock: Clock): string {
  return new Date(clock.epoch()).toISOString();
}
