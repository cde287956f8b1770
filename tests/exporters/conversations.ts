import fc from 'fast-check';
import type { RolloutStatus } from '../../src/core/rollout.ts';
import type { TraceEvent } from '../../src/core/trace.ts';
import { NO_USAGE } from '../../src/core/usage.ts';
import type { TrainingSample } from '../../src/exporters/exporter.ts';
import { sampleOfRollout, sampleOfTrace, type Taken } from '../../src/exporters/pipeline/samples.ts';
import type { StoredRollout } from '../../src/stores/store.ts';

type Body = TraceEvent extends infer E ? (E extends TraceEvent ? Omit<E, 'at' | 'spanId'> : never) : never;

export function eventsOf(...bodies: readonly Body[]): readonly TraceEvent[] {
  return bodies.map((body, index) => ({ ...body, at: index, spanId: '0000000000000001' }) as TraceEvent);
}

export const call = (id: string, name: string, args: object | string): Body => ({
  type: 'tool_call',
  id,
  name,
  arguments: typeof args === 'string' ? args : JSON.stringify(args),
});

export const result = (id: string, name: string, content: string, isError = false): Body => ({
  type: 'tool_result',
  id,
  name,
  content,
  isError,
  replayed: true,
});

const say = (type: 'system' | 'user' | 'thinking' | 'reply', content: string): Body => ({ type, content });

/** A turn with thinking, two parallel calls with text beside them, one of which failed, and an answer. */
export const WEATHER = eventsOf(
  say('system', 'Be brief.'),
  say('user', 'Weather in Paris and Rome?'),
  say('thinking', 'I need both.'),
  call('c1', 'get_weather', { city: 'Paris' }),
  call('c2', 'get_weather', { city: 'Rome' }),
  say('reply', 'Let me look.'),
  result('c1', 'get_weather', '18C in Paris'),
  result('c2', 'get_weather', 'no data', true),
  say('thinking', 'Rome is unknown.'),
  say('reply', 'Paris 18C, Rome unknown.'),
);

export type RolloutFacts = {
  readonly id?: string;
  readonly taskId?: string;
  readonly promptId?: string;
  readonly events?: readonly TraceEvent[];
  readonly answer?: string;
  readonly status?: RolloutStatus;
  readonly score?: number | null;
  readonly reason?: string;
  readonly failure?: 'infrastructure' | 'agent';
  readonly runId?: string;
};

export function storedRollout(facts: RolloutFacts = {}): StoredRollout {
  const { failure, score = 1, reason = 'fine' } = facts;
  return {
    runId: facts.runId ?? 'run-1',
    iteration: 1,
    split: 'train',
    category: 'weather',
    difficulty: null,
    rollout: {
      id: facts.id ?? 'ro-1',
      taskId: facts.taskId ?? 'task-1',
      promptId: facts.promptId ?? 'p-1',
      sample: 0,
      status: facts.status ?? (failure === undefined ? 'ok' : 'failed'),
      answer: facts.answer ?? '',
      failure: failure === undefined ? null : { kind: failure, message: reason },
      traceId: 'a'.repeat(32),
      events: facts.events ?? WEATHER,
      usage: NO_USAGE,
      durationMs: 1,
    },
    grade: score === null ? { status: 'unscored', reason } : { status: 'scored', score, reason },
  };
}

export function sampleOf(facts: RolloutFacts = {}): TrainingSample {
  const taken = sampleOfRollout(storedRollout(facts), { hash: (id) => `h-${id}` });
  if (!taken.ok) throw new Error(taken.reason);
  return taken.sample;
}

/** What is taken of a production trace of which nothing but the events is known, and what is given. */
export function takenOf(
  events: readonly TraceEvent[],
  facts: Partial<Omit<Parameters<typeof sampleOfTrace>[0], 'events'>> = {},
): Taken {
  const trace = {
    traceId: 't',
    tools: [],
    status: 'ok',
    score: null,
    reason: '',
    correction: null,
    sessionId: null,
    userId: null,
    ...facts,
    events,
  } as const;
  return sampleOfTrace(trace, { hash: (id) => id });
}

/** One question and one answer. */
export function talk(question: string, answer: string, system = 'Be brief.'): readonly TraceEvent[] {
  return eventsOf(say('system', system), say('user', question), say('reply', answer));
}

const words = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.constantFrom(
    '<think>x</think>',
    '{"name": "x"}',
    '<image>',
    '</tool_call>',
    'a\nb',
    '"',
    '𝒜',
    ' ',
    'ok',
    'null',
    '[]',
  ),
);
const args = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .dictionary(
        fc.constantFrom('city', 'n', 'x-y'),
        fc.oneof(fc.integer(), words, fc.constant(null), fc.array(words, { maxLength: 2 })),
        { maxKeys: 3 },
      )
      .map((value) => JSON.stringify(value)),
  },
  { weight: 1, arbitrary: fc.constantFrom('', '{', '"text"', '[1]', 'null') },
);
const step = fc.record({
  thinking: fc.option(words, { nil: undefined }),
  text: fc.option(words, { nil: undefined }),
  calls: fc.array(fc.record({ name: fc.constantFrom('find', 'get_weather', 'x'), args, answer: words }), {
    minLength: 1,
    maxLength: 3,
  }),
});
const turn = fc.record({
  questions: fc.array(words, { minLength: 1, maxLength: 2 }),
  steps: fc.array(step, { maxLength: 2 }),
  thinking: fc.option(words, { nil: undefined }),
  answer: fc.option(words, { nil: undefined, freq: 8 }),
});

/**
 * What recorders write and what they mangle: any number of turns with parallel calls, thinking and text beside calls;
 * events missing, doubled or swapped.
 */
export const conversations: fc.Arbitrary<readonly TraceEvent[]> = fc
  .record({
    system: fc.option(words, { nil: undefined }),
    turns: fc.array(turn, { minLength: 1, maxLength: 3 }),
    damage: fc.option(fc.record({ kind: fc.constantFrom('drop', 'double', 'swap'), at: fc.nat(30) }), {
      freq: 2,
      nil: undefined,
    }),
  })
  .map(({ system, turns, damage }) => {
    const bodies: Body[] = system === undefined ? [] : [say('system', system)];
    let id = 0;
    for (const { questions, steps, thinking, answer } of turns) {
      bodies.push(...questions.map((question) => say('user', question)));
      for (const { thinking, text, calls } of steps) {
        if (thinking !== undefined) bodies.push(say('thinking', thinking));
        const ids = calls.map(() => `c${++id}`);
        calls.forEach(({ name, args }, index) => {
          bodies.push(call(ids[index] ?? '', name, args));
        });
        if (text !== undefined) bodies.push(say('reply', text));
        calls.forEach(({ name, answer }, index) => {
          bodies.push(result(ids[index] ?? '', name, answer));
        });
      }
      if (thinking !== undefined) bodies.push(say('thinking', thinking));
      if (answer !== undefined) bodies.push(say('reply', answer));
    }
    return eventsOf(...damaged(bodies, damage));
  });

function damaged(
  bodies: readonly Body[],
  damage: { readonly kind: string; readonly at: number } | undefined,
): readonly Body[] {
  if (damage === undefined || bodies.length === 0) return bodies;
  const at = damage.at % bodies.length;
  if (damage.kind === 'drop') return bodies.toSpliced(at, 1);
  if (damage.kind === 'double') return bodies.toSpliced(at, 0, bodies[at] as Body);
  return bodies.toSpliced(at, 2, ...bodies.slice(at, at + 2).toReversed());
}
