import type { Json, JsonObject } from '../core/json.ts';
import type { Prompt } from '../core/prompt.ts';
import type { RolloutStatus, ScoredRollout } from '../core/rollout.ts';
import type { MicroUsd, Usage } from '../core/usage.ts';
import type { Role } from '../models/model.ts';
import type { Candidate } from '../optimizers/optimizer.ts';
import type { TraceStore } from './trace-store.ts';

/**
 * Where runs live: append-only facts (journal, rollouts, candidates, spans) and small mutable pointers (run status,
 * labels). Asynchronous although SQLite is not: other databases stand behind the same contract.
 * Every method throws ApoError `store-*` when the database cannot be trusted or written; nothing is half done then.
 */
export interface Store {
  readonly runs: RunStore;
  readonly journal: JournalStore;
  readonly rollouts: RolloutStore;
  readonly candidates: CandidateStore;
  readonly prompts: PromptStore;
  readonly traces: TraceStore;
  close(): Promise<void>;
}

/** `stopped`: ended early in a way that `--resume` continues (budget, interrupt, quota, disk). */
export type RunStatus = 'running' | 'completed' | 'stopped' | 'failed';

export type Run = {
  readonly id: string;
  readonly status: RunStatus;
  /** Why it ended; '' while running. */
  readonly reason: string;
  readonly algorithm: string;
  readonly seed: number;
  /** The resolved configuration without secrets: what `--resume` starts from. */
  readonly config: JsonObject;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The JSON result, when there is one. */
  readonly result: JsonObject | null;
};

export type Owner = { readonly pid: number; readonly host: string };

export interface RunStore {
  create(run: Run): Promise<void>;
  get(id: string): Promise<Run | undefined>;
  /** Newest first. */
  list(filter?: { readonly status?: RunStatus; readonly limit?: number }): Promise<readonly Run[]>;
  update(
    id: string,
    change: Partial<Pick<Run, 'status' | 'reason' | 'config' | 'result' | 'updatedAt'>>,
  ): Promise<void>;
  /**
   * Makes this process the only trainer of the run until `release`, or until the process is dead.
   * @throws ApoError `store-locked` naming the holder when another live process has it.
   */
  claim(id: string, owner: Owner): Promise<void>;
  release(id: string, owner: Owner): Promise<void>;
  /** Who has claimed the run, alive or not; undefined when nobody has. */
  owner(id: string): Promise<Owner | undefined>;
}

/** One paid or outside call. The key is unique in its run; the same key always means the same request. */
export type JournalKey = {
  readonly runId: string;
  readonly role: Role | 'tool' | 'effect';
  /** SHA-256 over everything that decides the reply, sample number included. */
  readonly key: string;
};

export type JournalReply = {
  /** The validated reply, or the fault that was accepted as this call's outcome. */
  readonly reply: Json;
  readonly usage: Usage;
  readonly costMicroUsd: MicroUsd;
  /** Attempts it took, retries included. */
  readonly attempts: number;
  /** What each of its attempts without a known reply may have cost. Default: `costMicroUsd`. */
  readonly inDoubtMicroUsd?: MicroUsd;
};

export type JournalStart =
  | { readonly state: 'new' }
  /** Started by a process that died before the reply was committed: it may have been paid for. */
  | { readonly state: 'in-doubt' }
  | { readonly state: 'done'; readonly reply: JournalReply };

export type JournalTotals = {
  readonly calls: { readonly [role in Role]: number };
  /** Calls that had to be sent again after a kill, ever in this run. */
  readonly inDoubt: number;
  /** What the lost attempts of those may have cost on top: the price of the reply that came in the end. */
  readonly inDoubtMicroUsd: MicroUsd;
  readonly usage: Usage;
  readonly costMicroUsd: MicroUsd;
};

export interface JournalStore {
  /** Puts key and request on disk as started, before anything is sent. `at` is ISO 8601. */
  start(key: JournalKey, request: Json, at: string): Promise<JournalStart>;
  /**
   * Commits the reply. It is on disk at the latest before a `start` resolves that is asked for after it: whatever is paid for
   * because of it follows it on the disk. So the reply can be used at once.
   */
  finish(key: JournalKey, reply: JournalReply, at: string): Promise<void>;
  /** Takes a started call back that certainly cost nothing (rejected by the provider, aborted before sending). */
  release(key: JournalKey): Promise<void>;
  /**
   * Forgets replies of the form `{ fault }` (calls that failed for good), so that a resumed run sends them again.
   * @returns how many
   */
  releaseFaults(runId: string): Promise<number>;
  totals(runId: string): Promise<JournalTotals>;
  /** The calls that were sent again after a kill, oldest first: each may have been paid for more than once. */
  doubtful(runId: string): Promise<readonly DoubtfulCall[]>;
}

export type DoubtfulCall = {
  readonly role: JournalKey['role'];
  readonly key: string;
  /** How often it was sent without a reply that is known. */
  readonly resent: number;
  /** Price of its reply, which each lost attempt may have cost too; null when unknown or not finished yet. */
  readonly costMicroUsd: MicroUsd;
  /** ISO 8601, UTC, of the last start. */
  readonly startedAt: string;
};

export type StoredRollout = ScoredRollout & {
  readonly runId: string;
  readonly iteration: number;
  readonly split: 'train' | 'val' | 'test';
  readonly category: string | null;
  readonly difficulty: string | null;
  /** Whose conversation the task was, where it was anybody's: what deletion and splits go by. */
  readonly sessionId?: string;
  readonly userId?: string;
};

/** Somebody whose conversations were trained on. */
export type RolloutOwner = { readonly userId: string } | { readonly sessionId: string };

export interface RolloutStore {
  /** A scored rollout is kept when it is saved again: a replay derives the same facts, but not the times. */
  save(rollouts: readonly StoredRollout[]): Promise<void>;
  /** Streams in the order of saving. */
  list(filter: {
    readonly runId: string;
    readonly promptId?: string;
    readonly taskId?: string;
  }): AsyncIterable<StoredRollout>;
  get(id: string): Promise<StoredRollout | undefined>;
  /** The same rollouts without their bodies, in the order of saving: cheap for tens of thousands. */
  scores(filter: { readonly runId: string; readonly promptId?: string }): Promise<readonly RolloutScore[]>;
  /** The runs that hold rollouts of somebody, oldest first. */
  runsOf(owner: RolloutOwner): Promise<readonly string[]>;
  /**
   * Deletes somebody's rollouts from a run, and the run's whole journal: its requests quote conversations in ways that
   * cannot be told apart. Totals stay. What is gone is gone from the file too. Claim the run before.
   * @returns the trace of each rollout that is gone
   */
  forget(runId: string, owner: RolloutOwner): Promise<readonly string[]>;
}

export type RolloutScore = {
  readonly promptId: string;
  readonly taskId: string;
  readonly iteration: number;
  readonly split: 'train' | 'val' | 'test';
  readonly status: RolloutStatus;
  /** null when unscored. */
  readonly score: number | null;
};

export interface CandidateStore {
  save(runId: string, candidate: Candidate): Promise<void>;
  list(runId: string): Promise<readonly Candidate[]>;
}

/** A prompt that a run ended with, kept for ever. */
export type PromptVersion = {
  readonly prompt: Prompt;
  /** 1, 2, 3 ... within the store, by first appearance. */
  readonly version: number;
  readonly runId: string;
  /** Validation score 0..1 and its 95 % interval. */
  readonly score: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number;
  /** `improved`, `no_improvement` or `not_enough_data`. */
  readonly verdict: string;
  /** The optimizer's explanation, or null. */
  readonly explanation: Json;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
};

export interface PromptStore {
  save(version: Omit<PromptVersion, 'version'>): Promise<PromptVersion>;
  /** Newest first. */
  list(): Promise<readonly PromptVersion[]>;
  /** By prompt id, unique id prefix, version number (`3` or `v3`) or label. */
  find(reference: string): Promise<PromptVersion | undefined>;
  labels(): Promise<{ readonly [label: string]: string }>;
  setLabel(label: string, promptId: string): Promise<void>;
}
