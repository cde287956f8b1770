import { createPrompt, type Prompt } from '../../src/core/prompt.ts';
import type { Candidate } from '../../src/optimizers/optimizer.ts';
import type { JournalKey, JournalReply, PromptVersion, Run, StoredRollout } from '../../src/stores/store.ts';
import type { FeedbackRow } from '../../src/stores/trace-store.ts';

export const AT = '2026-11-21T09:00:00.000Z';

export function aRun(id: string, changes: Partial<Run> = {}): Run {
  return {
    id,
    status: 'running',
    reason: '',
    algorithm: 'beam',
    seed: 7,
    config: { iterations: 3, agent: { model: 'small' } },
    createdAt: AT,
    updatedAt: AT,
    result: null,
    ...changes,
  };
}

export function aKey(key: string, changes: Partial<JournalKey> = {}): JournalKey {
  return { runId: 'run-1', role: 'agent', key, ...changes };
}

export function aReply(changes: Partial<JournalReply> = {}): JournalReply {
  return {
    reply: { content: 'fine' },
    usage: { input: 10, output: 5, cached: 2, reasoning: 1, estimated: false },
    costMicroUsd: 100,
    attempts: 1,
    ...changes,
  };
}

export type RolloutDetails = {
  readonly id: string;
  readonly runId?: string;
  readonly promptId?: string;
  readonly taskId?: string;
  readonly split?: StoredRollout['split'];
  readonly score?: number | null;
  readonly answer?: string;
  readonly traceId?: string;
  readonly owner?: { readonly userId?: string; readonly sessionId?: string };
};

export function aRollout(details: RolloutDetails): StoredRollout {
  const { id, runId = 'run-1', promptId = 'p-1', taskId = 'task-1', split = 'train', score = 1 } = details;
  return {
    runId,
    iteration: 1,
    split,
    category: null,
    difficulty: null,
    ...details.owner,
    rollout: {
      id,
      taskId,
      promptId,
      sample: 0,
      status: score === null ? 'failed' : 'ok',
      answer: details.answer ?? 'forty-two',
      failure: score === null ? { kind: 'infrastructure', message: 'connection reset' } : null,
      traceId: details.traceId ?? 'a'.repeat(32),
      events: [{ at: 1, spanId: 'b'.repeat(16), type: 'reply', content: 'forty-two' }],
      usage: { input: 1, output: 1, cached: 0, reasoning: 0, estimated: false },
      durationMs: 12,
    },
    grade: score === null ? { status: 'unscored', reason: 'no answer' } : { status: 'scored', score, reason: 'same' },
  };
}

export function aCandidate(text: string, changes: Partial<Candidate> = {}): Candidate {
  return {
    prompt: createPrompt(text),
    parents: [],
    iteration: 0,
    operator: 'start',
    critique: null,
    evidence: [],
    rejected: null,
    ...changes,
  };
}

export function aVersion(
  prompt: string | Prompt,
  changes: Partial<Omit<PromptVersion, 'version' | 'prompt'>> = {},
): Omit<PromptVersion, 'version'> {
  return {
    prompt: typeof prompt === 'string' ? createPrompt(prompt) : prompt,
    runId: 'run-1',
    score: 0.75,
    interval: [0.6, 0.9],
    n: 20,
    verdict: 'improved',
    explanation: null,
    createdAt: AT,
    ...changes,
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export function aFeedback(changes: Partial<FeedbackRow>): FeedbackRow {
  return {
    id: 'f1',
    traceId: 'a'.repeat(32),
    spanId: null,
    name: 'thumbs',
    source: 'human',
    score: 1,
    label: 'up',
    comment: '',
    correction: null,
    at: AT,
    metadata: {},
    ...changes,
  };
}
