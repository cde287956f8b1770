import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDelta } from '../../src/traces/delta.ts';

const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });

function added(delta: ReturnType<typeof createDelta<{ role: string; content: string }>>, ...states: object[][]) {
  return states.map((state) => delta.push(state as never).added.map(({ message }) => message.content));
}

describe('message delta', () => {
  it('reports each message once however often a growing state is shown', () => {
    const [q, a, b] = [user('q'), assistant('a'), user('b')];
    expect(added(createDelta(), [q], [q], [q, a, b], [q, a, b])).toEqual([['q'], [], ['a', 'b'], []]);
  });

  it('sees a repeated text as new when it is appended, also after the first was trimmed', () => {
    const [yes, ok] = [user('yes'), assistant('ok')];
    expect(added(createDelta(), [yes, ok], [yes, ok, yes], [ok, yes, ok])).toEqual([['yes', 'ok'], ['yes'], ['ok']]);
    expect(added(createDelta(), [yes, ok], [ok, yes])).toEqual([['yes', 'ok'], ['yes']]);
  });

  it('survives a window that drops the oldest but keeps the system prompt', () => {
    const system = { role: 'system', content: 's' };
    const many = Array.from({ length: 50 }, (_, index) => user(`m${index}`));
    const delta = createDelta<{ role: string; content: string }>();
    delta.push([system, ...many]);
    expect(added(delta, [system, ...many.slice(30), user('new')])).toEqual([['new']]);
  });

  it('does not report a smaller view of the state, nor the whole state after it', () => {
    const [q, a, b] = [user('q'), assistant('a'), user('b')];
    expect(added(createDelta(), [q, a, b], [a], [q, a, b], [q])).toEqual([['q', 'a', 'b'], [], [], []]);
  });

  it('sees what changed in place in a message that it knows', () => {
    const first: { role: string; content: string; tool_calls?: object[] } = { role: 'user', content: 'm' };
    const state = [first, user('b')];
    const delta = createDelta<object>();
    delta.push(state);
    expect(delta.push(state)).toEqual({ added: [], edited: [] });
    first.content = 'changed';
    expect(delta.push(state).edited.map(({ index }) => index)).toEqual([0]);
    first.tool_calls = [{ id: 'a' }];
    expect(delta.push(state).edited).toHaveLength(1);
    first.tool_calls.push({ id: 'b' });
    expect(delta.push(state).edited).toHaveLength(1);
  });

  it.each([null, undefined, 'text', [null], [7], 5])('takes %s for nothing new, without throwing', (given) => {
    expect(() => createDelta().push(given as never)).not.toThrow();
  });

  it('reports a message changed in mid-conversation as edited, once', () => {
    const delta = createDelta<{ role: string; content: string }>();
    delta.push([user('q'), assistant('a'), user('b')]);
    const state = [user('q'), assistant('A!'), user('b')];
    expect(delta.push(state)).toEqual({ added: [], edited: [{ index: 1, message: assistant('A!') }] });
    expect(delta.push(state)).toEqual({ added: [], edited: [] });
  });

  it('takes the same id with other content as an edit, for a message that is streamed into the state', () => {
    const delta = createDelta<{ id: string; role: string; content: string }>();
    delta.push([{ id: '1', ...user('q') }]);
    expect(
      delta.push([
        { id: '1', ...user('q') },
        { id: '2', ...assistant('Hel') },
      ]).added,
    ).toHaveLength(1);
    const whole = { id: '2', ...assistant('Hello') };
    expect(delta.push([{ id: '1', ...user('q') }, whole])).toEqual({
      added: [],
      edited: [{ index: 1, message: whole }],
    });
  });

  it('reports every message exactly once for any way of growing and re-showing', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(30), { maxLength: 10 }), (contents, cuts) => {
        const delta = createDelta<{ role: string; content: string }>();
        const conversation = contents.map(user);
        const seen: string[] = [];
        for (const cut of [...cuts.sort((a, b) => a - b), contents.length]) {
          for (const { message } of delta.push(conversation.slice(0, cut)).added) seen.push(message.content);
        }
        expect(seen).toEqual(contents);
      }),
    );
  });

  it('keeps a bounded memory', () => {
    const delta = createDelta<{ role: string; content: string }>({ limit: 10 });
    for (let index = 0; index < 100; index++) {
      expect(delta.push([user(`m${index - 1}`), user(`m${index}`)]).added.length).toBeGreaterThan(0);
    }
    expect(delta.push([user('m98'), user('m99')]).added).toEqual([]);
    expect(delta.push([user('m5')]).added).toHaveLength(1);
  });

  it('forgets nothing that is still shown, so that a long conversation is not taken for an edited one', () => {
    const delta = createDelta<{ role: string; content: string }>({ limit: 10 });
    const state: { role: string; content: string }[] = [];
    for (let index = 0; index < 60; index++) {
      state.push(user(`m${index}`));
      expect(delta.push(state)).toEqual({ added: [{ index, message: state[index] }], edited: [] });
    }
    const changed = [user('another'), ...state.slice(1)];
    expect(delta.push(changed)).toEqual({ added: [], edited: [{ index: 0, message: changed[0] }] });
  });

  it('compares a long state whose beginning changes in a table of bounded size', () => {
    const many = Array.from({ length: 3_000 }, (_, index) => user(`m${index}`));
    const delta = createDelta<{ role: string; content: string }>();
    delta.push([user('it is Monday'), ...many]);
    const state = [user('it is Tuesday'), ...many, user('new')];
    const { added: more, edited } = delta.push(state);
    expect([more.map(({ index }) => index), edited.map(({ index }) => index)]).toEqual([[3_001], [0]]);
  });
});
