import type { Canaries } from '../../src/core/canaries.ts';
import { createGate } from '../../src/core/gate.ts';
import type { Spotlights } from '../../src/core/spotlight.ts';
import type { Task } from '../../src/core/task.ts';
import { train } from '../../src/engine/train.ts';
import type { ChatRequest } from '../../src/models/model.ts';
import createApo, { options as apoOptions } from '../../src/optimizers/apo.ts';
import createBeam, { options as beamOptions } from '../../src/optimizers/beam.ts';
import createDemos, { options as demosOptions } from '../../src/optimizers/demos.ts';
import createGepa, { options as gepaOptions } from '../../src/optimizers/gepa.ts';
import createOpro, { options as oproOptions } from '../../src/optimizers/opro.ts';
import createProtegi, { options as protegiOptions } from '../../src/optimizers/protegi.ts';
import { createEngine, createTrainParts } from './engine.ts';
import { type Attack, createVictim, poisonedTasks } from './victim.ts';

const OPTIMIZERS = {
  apo: () => createApo(apoOptions.parse({})),
  'apo, statements only': () => createApo(apoOptions.parse({ wholePrompts: false })),
  beam: () => createBeam(beamOptions.parse({ beamWidth: 2, branchFactor: 2 })),
  protegi: () => createProtegi(protegiOptions.parse({ minibatch: 16 })),
  gepa: () => createGepa(gepaOptions.parse({})),
  opro: () => createOpro(oproOptions.parse({})),
  demos: () => createDemos(demosOptions.parse({})),
};
export type Algorithm = keyof typeof OPTIMIZERS;
export const ALGORITHMS = Object.keys(OPTIMIZERS) as Algorithm[];

export type AttackOptions = {
  readonly attack: Attack;
  /** The first so many of 100 tasks carry the attack. */
  readonly poisoned: number;
  readonly name: Algorithm;
  readonly style?: 'schema' | 'sentences';
  readonly rollouts?: number;
  readonly seed?: number;
  readonly tasks?: readonly Task[];
  readonly canaries?: Canaries;
  readonly spotlights?: Spotlights;
  /** Marks of decoys among the tasks. */
  readonly marks?: readonly string[];
  /** What the critic retells of a request, word for word. */
  readonly quote?: (request: ChatRequest) => readonly string[];
};

/** Trains through the real engine and gate with a model that obeys every injection. */
export async function attacked(given: AttackOptions) {
  const { attack, poisoned, name, style = 'schema', rollouts = 150, seed = 1, canaries, quote } = given;
  const victim = createVictim(attack, style, quote);
  const engine = await createEngine({ chat: victim.chat, limits: { rollouts }, concurrency: 16 });
  const optimizer = OPTIMIZERS[name]();
  const parts = await createTrainParts(engine, {
    tasks: given.tasks ?? poisonedTasks(100, poisoned, attack),
    optimizer,
    iterations: name === 'beam' ? 2 : optimizer.defaultIterations,
  });
  const { result } = await train({
    ...parts,
    seed,
    ...(canaries === undefined ? {} : { canaries }),
    ...(given.spotlights === undefined ? {} : { spotlights: given.spotlights }),
    reject: createGate({
      start: parts.start,
      tasks: parts.split.train,
      quotesTasks: optimizer.quotesTasks === true,
      toolNames: parts.agent.toolNames ?? [],
      canaries: [...Object.values(canaries ?? {}), ...(given.marks ?? [])],
    }),
  });
  const candidates = await engine.store.candidates.list('run');
  await engine.store.close();
  const accepted = candidates
    .filter(({ rejected }) => rejected === null)
    .map(({ prompt }) => Object.values(prompt.components).join('\n'));
  return { result, candidates, accepted, requests: victim.requests };
}

export const textOf = (request: ChatRequest): string => request.messages.map(({ content }) => content).join('\n');

/** System prompts in which a text stands. */
export function systemTextsWith(requests: readonly ChatRequest[], text: string): readonly string[] {
  return requests
    .flatMap(({ messages }) => messages.filter(({ role }) => role === 'system'))
    .map(({ content }) => content)
    .filter((content) => content.includes(text));
}
