import type { JsonObject } from '../core/json.ts';
import type { Message, ToolDefinition } from '../core/message.ts';
import type { RolloutStatus } from '../core/rollout.ts';

/**
 * What a file is for: supervised tuning, preference pairs, desirable-or-not labels, prompts with references,
 * trajectories with rewards, a table for people.
 */
export const PURPOSES = ['sft', 'dpo', 'kto', 'rft', 'trajectory', 'csv'] as const;
export type Purpose = (typeof PURPOSES)[number];

/** How thinking leaves: not at all, under its own key, or as `<think>…</think>` before the text. */
export const THINKING_MODES = ['drop', 'field', 'tag'] as const;
export type ThinkingMode = (typeof THINKING_MODES)[number];

export const FILE_KINDS = ['jsonl', 'json', 'csv', 'parquet'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** One conversation that a model can learn from, whatever it was read from: the common form of all formats. */
export type TrainingSample = {
  /** Rollout id or trace id; a keyed hash of the task id where that names a session. */
  readonly id: string;
  /** System prompt first if there is one; ends with the agent's answer. */
  readonly messages: readonly Message[];
  /** Index of the first message that the agent produced for the last user message. */
  readonly answerAt: number;
  readonly tools: readonly ToolDefinition[];
  /** Names among `tools` whose schema was made up from the calls, because none was recorded. */
  readonly inventedTools: readonly string[];
  /** 0..1, or null when nobody graded it. */
  readonly score: number | null;
  /** Why that score, or how it failed; may be ''. */
  readonly reason: string;
  readonly status: RolloutStatus;
  /** Reference answer, where one is known. */
  readonly expected: string | null;
  readonly taskId: string;
  /** Keyed hashes: what a split must not separate. */
  readonly sessionHash: string;
  readonly userHash: string | null;
  readonly source: 'rollout' | 'history' | 'dataset' | 'trace';
  readonly meta: JsonObject;
};

/** Two continuations of one conversation, the better one first. */
export type PreferencePair = {
  readonly id: string;
  readonly prompt: readonly Message[];
  /** Everything after the prompt, tool turns included; ends with an assistant message. */
  readonly chosen: readonly Message[];
  readonly rejected: readonly Message[];
  readonly tools: readonly ToolDefinition[];
  readonly origin: 'best-worst' | 'regenerated' | 'correction';
  /** 0..1, or null where only the order is known. */
  readonly scores: readonly [number | null, number | null];
  readonly sessionHash: string;
  readonly userHash: string | null;
};

export type LabelledSample = TrainingSample & { readonly label: boolean };
export type ReferencedSample = TrainingSample & { readonly reference: string };

export type RenderOptions = {
  readonly thinking: ThinkingMode;
  /** Tool arguments and tool schemas as JSON strings where the format would nest them. Default false. */
  readonly strings: boolean;
};

/** Rows of the file, or why this format cannot hold the sample. Rows are JSON: no undefined, no dates. */
export type Rendered =
  | { readonly ok: true; readonly rows: readonly JsonObject[] }
  | { readonly ok: false; readonly reason: string };

/** Where a row ends up; known only after the split. */
export type Place = { readonly split: 'train' | 'val'; readonly index: number };

/**
 * One training-data format. Pure: it gets samples that passed every common rule (see shared/validate.ts) and were
 * redacted, and turns them into rows. It offers the purposes that the format has a shape for.
 */
export interface Exporter {
  readonly name: string;
  /** Kinds of file that its consumers read, the default first. */
  readonly files: readonly [FileKind, ...FileKind[]];
  /** Modes that the format can express, the default first. */
  readonly thinking: readonly ThinkingMode[];
  sft?(sample: TrainingSample, options: RenderOptions): Rendered;
  dpo?(pair: PreferencePair, options: RenderOptions): Rendered;
  kto?(sample: LabelledSample, options: RenderOptions): Rendered;
  rft?(sample: ReferencedSample, options: RenderOptions): Rendered;
  trajectory?(sample: TrainingSample, options: RenderOptions): Rendered;
  csv?(sample: TrainingSample, options: RenderOptions): Rendered;
  /** Completes a row that names its split or position. */
  place?(row: JsonObject, place: Place): JsonObject;
  /** What the consumer's own configuration has to say about the file, under the name of the data set. */
  describe?(purpose: Purpose, fileName: string): JsonObject;
}

export function rows(...list: readonly JsonObject[]): Rendered {
  return { ok: true, rows: list };
}

export function unfit(reason: string): Rendered {
  return { ok: false, reason };
}
