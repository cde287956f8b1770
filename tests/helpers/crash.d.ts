export type CrashPoint = { readonly phase: 'request' | 'reply' | 'disk'; readonly at: number };
export type CrashOptions = { readonly dist?: string; readonly more?: readonly string[] };
export type DeadlyProvider = {
  readonly url: string;
  readonly requests: readonly string[];
  arm(phase: 'request' | 'reply', at: number, kill: () => void): void;
  disarm(): void;
  close(): Promise<void>;
};
export type TrainerEnd = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
};

export const CONCURRENCY: number;
export function startDeadlyProvider(): Promise<DeadlyProvider>;
export function createFolder(tasks?: number): string;
export function runTrainer(
  provider: DeadlyProvider,
  folder: string,
  options?: CrashOptions & { readonly resume?: boolean | string; readonly point?: CrashPoint },
): Promise<TrainerEnd>;
export function lastingOf(stdout: string): string;
export function runBaseline(
  provider: DeadlyProvider,
  options?: CrashOptions,
): Promise<{ readonly result: string; readonly requests: number; readonly distinct: number }>;
export function crashOnce(
  provider: DeadlyProvider,
  point: CrashPoint,
  options?: CrashOptions & { readonly again?: readonly CrashPoint[] },
): Promise<
  | {
      readonly folder: string;
      readonly kills: number;
      readonly code: number | null;
      readonly stderr: string;
      readonly stdout: string;
      readonly result: string | undefined;
      readonly file: string | undefined;
      readonly requests: number;
      readonly repeated: number;
    }
  | undefined
>;
