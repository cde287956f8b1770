import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { type ChatRequest, type Model, ModelError } from '../../src/models/model.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import { loadPlugin } from '../../src/plugins.ts';

const [task] = createWorld('quickstart', 1).pool;
const request: ChatRequest = { model: 'sim-agent', messages: [{ role: 'user', content: task?.input ?? '' }] };
const calm = { signal: new AbortController().signal };

function load(options: { readonly [name: string]: unknown } = {}): Promise<Model> {
  const context = { folder: '.', environment: createEnvironment({}) };
  return loadPlugin('model', { use: 'simulated', ...options }, context);
}

async function failure(model: Model): Promise<ModelError> {
  const error = await model.chat(request, calm).catch((caught: unknown) => caught);
  if (!(error instanceof ModelError)) throw new Error('did not fail with a ModelError');
  return error;
}

describe('the simulated model in process', () => {
  it('answers like the served one and says that it is simulated', async () => {
    const model = await load();
    expect(model).toMatchObject({ provider: 'simulated', simulated: true });
    const reply = await model.chat(request, calm);
    expect(reply).toMatchObject({ content: task?.expected, finishReason: 'stop', model: 'simulated:sim-agent' });
    expect(reply.usage).toMatchObject({ input: Math.ceil((task?.input.length ?? 0) / 4), estimated: false });
    expect(await model.chat(request, calm)).toEqual(reply);
  });

  it('draws another world for another seed or family', async () => {
    const other = await load({ world: 'plain', seed: 'dev-1' });
    const [own] = createWorld('plain', 'dev-1').pool;
    const asked = { ...request, messages: [{ role: 'user', content: own?.input ?? '' }] } as const;
    expect((await other.chat(asked, calm)).content).toContain(`Hello ${own?.name}.`);
  });

  it.each([
    [{ world: 'nowhere' }, /world: must be one of quickstart/],
    [{ latencyMs: -1 }, /latencyMs/],
    [{ faults: [{ kind: 'earthquake' }] }, /faults\.0\.kind/],
    [{ sead: 1 }, /sead/],
  ])('refuses the options %j', async (options, message) => {
    await expect(load(options)).rejects.toThrow(message);
  });

  it.each([
    [
      { kind: 'status', status: 429, retryAfter: 2 },
      { kind: 'rate-limit', status: 429, retryAfterMs: 2000 },
    ],
    [{ kind: 'status', status: 429, code: 'insufficient_quota' }, { kind: 'quota' }],
    [{ kind: 'status', status: 500 }, { kind: 'overloaded' }],
    [{ kind: 'status', status: 401 }, { kind: 'auth' }],
    [{ kind: 'status', status: 404 }, { kind: 'model-unknown' }],
    [{ kind: 'drop' }, { kind: 'network' }],
    [{ kind: 'truncated' }, { kind: 'protocol' }],
    [{ kind: 'broken-json' }, { kind: 'protocol' }],
  ])('fails as the fault plan %j says, once, as the HTTP provider would', async (fault, error) => {
    const model = await load({ faults: [{ ...fault, requests: [1] }] });
    expect(await failure(model)).toMatchObject(error);
    expect((await model.chat(request, calm)).content).toBe(task?.expected);
  });

  it('cuts, refuses and garbles replies on demand, for the role that the plan names', async () => {
    const at = async (kind: string): Promise<unknown> =>
      (await load({ faults: [{ kind, role: 'agent' }] })).chat(request, calm);
    expect(await at('length')).toMatchObject({ finishReason: 'length', content: expect.stringMatching(/^Hello/) });
    expect(await at('refusal')).toMatchObject({ finishReason: 'refusal', content: '' });
    expect(await at('bad-content')).toMatchObject({ finishReason: 'stop', content: expect.stringContaining('{') });
    const judgeOnly = await load({ faults: [{ kind: 'drop', role: 'judge' }] });
    expect((await judgeOnly.chat(request, calm)).content).toBe(task?.expected);
  });

  it('stops waiting when it is told to', async () => {
    const controller = new AbortController();
    const slow = await load({ latencyMs: 60_000 });
    const reply = slow.chat(request, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(reply).rejects.toThrow();
  });
});
