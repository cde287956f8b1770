/** Time, passed in: nothing in the engine takes it from the machine. */
export type Clock = {
  /** Milliseconds since the epoch; may jump. For records only. */
  now(): number;
  /** Milliseconds that never go backwards. For deadlines and durations. */
  elapsed(): number;
  /** Resolves after a while, or at once when the signal aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
};

export function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
