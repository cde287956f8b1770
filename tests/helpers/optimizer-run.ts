import { setImmediate } from 'node:timers/promises';
import { createGate } from '../../src/core/gate.ts';
import type { Prompt } from '../../src/core/prompt.ts';
import { type TrainEnd, train } from '../../src/engine/train.ts';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { respond } from '../../src/models/simulated/respond.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import type { Candidate, Optimizer } from '../../src/optimizers/optimizer.ts';
import { createEngine, createTrainParts, SIMULATED_NAMES } from './engine.ts';

export type RunOptions = {
  readonly optimizer: Optimizer;
  readonly maxRollouts: number;
  readonly iterations?: number;
  readonly seed?: number;
  readonly start?: string;
  readonly tasks?: number;
  /** What the critic and the editor say instead of the simulated model. */
  readonly reply?: (text: string) => string | undefined;
  readonly reject?: (proposal: Prompt, parent: Prompt) => string | undefined;
  /** Turns of the event loop that a call takes, by its number. */
  readonly turns?: (call: number) => number;
};

export type Run = TrainEnd & { readonly candidates: readonly Candidate[]; readonly evaluated: ReadonlySet<string> };

/** Trains on the quick start's world through the real engine, with a store in memory. */
export async function runOptimizer({
  optimizer,
  maxRollouts,
  iterations = optimizer.defaultIterations,
  seed = 1,
  tasks = 60,
  start,
  reply,
  reject,
  turns = () => 0,
}: RunOptions): Promise<Run> {
  const world = createWorld('quickstart', 1);
  let calls = 0;
  const engine = await createEngine({
    limits: { rollouts: maxRollouts },
    names: SIMULATED_NAMES,
    async chat(request) {
      for (let left = turns(calls++); left > 0; left--) await setImmediate();
      const simulated = respond(world, request, request.seed ?? 0);
      const said = ['sim-critic', 'sim-editor'].includes(request.model)
        ? reply?.(request.messages.map(({ content }) => content).join('\n'))
        : undefined;
      return { ...simulated, content: said ?? simulated.content };
    },
  });
  const list = datasetOf(world, tasks);
  const cut = Math.round(tasks * 0.7);
  const evaluated = new Set<string>();
  const parts = await createTrainParts(engine, {
    tasks: list,
    optimizer,
    prompt: start ?? world.startPrompt,
    iterations,
    variables: start?.includes('{{shop}}') ? { shop: 'Example' } : {},
  });
  const end = await train({
    ...parts,
    seed,
    split: { train: list.slice(0, cut), val: list.slice(cut), test: [] },
    reject: reject ?? createGate({ start: parts.start, tasks: [] }),
    observer: { onRollout: ({ rollout }) => evaluated.add(rollout.promptId) },
  });
  const candidates = await engine.store.candidates.list(parts.runId);
  await engine.store.close();
  return { ...end, candidates, evaluated };
}
