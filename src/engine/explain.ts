import type { JsonObject } from '../core/json.ts';
import { generalComponent, type Prompt } from '../core/prompt.ts';
import { statementsOf } from '../core/statements.ts';
import { deviation, mean } from '../core/statistics.ts';
import type { Candidate } from '../optimizers/optimizer.ts';
import type { RolloutScore } from '../stores/store.ts';
import { round, roundInterval } from './result.ts';

/** Of few differences between scores in 0..1 the true deviation is hardly less. */
const LEAST_DEVIATION = 0.3;

/**
 * Explains a prompt by what is on record, whatever optimizer made it: a statement came with the first candidate of the line
 * of descent that holds it; its effect is the paired difference between prompts and their parents, on tasks that both ran on, where
 * it came in or went out. Statements that came or went together share the difference equally. null: nothing was measured.
 */
export function explain(
  best: Prompt,
  candidates: readonly Candidate[],
  rollouts: readonly RolloutScore[],
): { readonly statements: readonly JsonObject[] } {
  const byId = new Map(candidates.map((candidate) => [candidate.prompt.id, candidate]));
  const scores = scoresOf(rollouts);
  const changes = candidates.flatMap((child) =>
    child.parents.flatMap((id) => {
      const parent = byId.get(id);
      return parent === undefined ? [] : changeOf(parent.prompt, child.prompt, scores);
    }),
  );
  const line = lineOf(best, byId);
  const names = Object.keys(best.components);
  const statements = names.flatMap((component) =>
    statementsOf(best.components[component] ?? '').map((text) => {
      const key = keyOf(component, text);
      const shares = changes.flatMap(({ added, removed, differences }) => {
        const sign = added.has(key) ? 1 : removed.has(key) ? -1 : 0;
        return sign === 0 ? [] : differences.map((difference) => (sign * difference) / (added.size + removed.size));
      });
      const effect = shares.length === 0 ? null : round(mean(shares));
      return {
        ...(names.length === 1 ? {} : { component }),
        text,
        effect,
        interval: effect === null ? null : intervalOf(shares, effect),
        removalCost: effect,
        origin: originOf(line, component, text),
      } as JsonObject;
    }),
  );
  return { statements };
}

function keyOf(component: string, statement: string): string {
  return JSON.stringify([component, statement]);
}

/** The statements of a prompt; a category that has no prompt of its own yet has the general one. */
function keysOf(prompt: Prompt, names: readonly string[] = Object.keys(prompt.components)): Set<string> {
  return new Set(
    names.flatMap((name) => {
      const text = prompt.components[name] ?? prompt.components[generalComponent(name)] ?? '';
      return statementsOf(text).map((one) => keyOf(name, one));
    }),
  );
}

type Change = {
  readonly added: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
  readonly differences: readonly number[];
};

function changeOf(parent: Prompt, child: Prompt, scores: Scores): readonly Change[] {
  const [before, after] = [scores.get(parent.id), scores.get(child.id)];
  if (before === undefined || after === undefined) return [];
  const differences = [...after].flatMap(([task, now]) => {
    const old = before.get(task);
    return old === undefined ? [] : [mean(now) - mean(old)];
  });
  const [old, now] = [keysOf(parent, Object.keys(child.components)), keysOf(child)];
  const added = new Set([...now].filter((key) => !old.has(key)));
  const removed = new Set([...old].filter((key) => !now.has(key)));
  return differences.length === 0 ? [] : [{ added, removed, differences }];
}

type Scores = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>;

/** Prompt id -> task id -> scores of its samples. */
function scoresOf(rollouts: readonly RolloutScore[]): Scores {
  const byPrompt = new Map<string, Map<string, number[]>>();
  for (const { promptId, taskId, score } of rollouts) {
    if (score === null) continue;
    const byTask = byPrompt.get(promptId) ?? new Map<string, number[]>();
    byTask.set(taskId, [...(byTask.get(taskId) ?? []), score]);
    byPrompt.set(promptId, byTask);
  }
  return byPrompt;
}

/** The prompt and its forebears, the oldest first. */
function lineOf(best: Prompt, byId: ReadonlyMap<string, Candidate>): readonly Candidate[] {
  const line: Candidate[] = [];
  const seen = new Set<string>();
  const queue = [best.id];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    const candidate = byId.get(id);
    if (candidate === undefined || seen.has(id)) continue;
    seen.add(id);
    line.unshift(candidate);
    queue.push(...candidate.parents);
  }
  return line;
}

function originOf(line: readonly Candidate[], component: string, text: string): JsonObject {
  const key = keyOf(component, text);
  const candidate = line.find(({ prompt }) => keysOf(prompt, [component]).has(key));
  const isStart = candidate === undefined || candidate.parents.length === 0;
  return {
    operator: candidate?.operator ?? 'start',
    critique: isStart ? '' : (candidate.critique ?? ''),
    rollouts: isStart ? [] : [...candidate.evidence],
  };
}

/** 95 %, by the normal approximation. */
function intervalOf(shares: readonly number[], effect: number): [number, number] {
  const largest = Math.max(...shares.map(Math.abs));
  const spread = Math.max(deviation(shares), LEAST_DEVIATION * largest);
  const half = (1.96 * spread) / Math.sqrt(shares.length);
  const [low, high] = roundInterval([Math.max(-1, effect - half), Math.min(1, effect + half)]);
  return [low, high];
}
