import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPrompt } from '../../src/core/prompt.ts';
import type { Store } from '../../src/stores/store.ts';
import { AT, aCandidate, aKey, aReply, aRollout, aRun, aVersion, collect } from '../helpers/store-data.ts';

const LATER = '2026-11-21T10:00:00.000Z';
const ME = { pid: process.pid, host: hostname() };

/** What every store promises. `open` gives an empty one. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`store contract: ${name}`, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
      await store.runs.create(aRun('run-1'));
    });
    afterEach(() => store.close());

    describe('runs', () => {
      it('returns what was created', async () => {
        expect(await store.runs.get('run-1')).toEqual(aRun('run-1'));
        expect(await store.runs.get('run-2')).toBeUndefined();
      });

      it('lists newest first, by status and up to a limit', async () => {
        await store.runs.create(aRun('run-2', { createdAt: LATER, status: 'stopped' }));
        await store.runs.create(aRun('run-3', { createdAt: LATER }));
        const ids = async (filter?: Parameters<Store['runs']['list']>[0]): Promise<string[]> =>
          (await store.runs.list(filter)).map(({ id }) => id);
        expect(await ids()).toEqual(['run-3', 'run-2', 'run-1']);
        expect(await ids({ status: 'running' })).toEqual(['run-3', 'run-1']);
        expect(await ids({ limit: 1 })).toEqual(['run-3']);
      });

      it('changes only what an update names', async () => {
        await store.runs.update('run-1', { status: 'completed', result: { best: 'p-1' }, updatedAt: LATER });
        const updated = { ...aRun('run-1'), status: 'completed', result: { best: 'p-1' }, updatedAt: LATER };
        expect(await store.runs.get('run-1')).toEqual(updated);
        await store.runs.update('run-1', { reason: 'iterations', result: null });
        expect(await store.runs.get('run-1')).toEqual({ ...updated, reason: 'iterations', result: null });
      });

      it('refuses a second run of the same id, and changes to an unknown one', async () => {
        await expect(store.runs.create(aRun('run-1'))).rejects.toThrow();
        await expect(store.runs.update('run-9', { reason: 'x' })).rejects.toMatchObject({ code: 'not-found' });
        await expect(store.runs.claim('run-9', ME)).rejects.toMatchObject({ code: 'not-found' });
      });

      it('lets one trainer claim a run, again and again, until it releases it', async () => {
        await store.runs.claim('run-1', ME);
        await store.runs.claim('run-1', ME);
        expect(await store.runs.owner('run-1')).toEqual(ME);
        await store.runs.release('run-1', { pid: 1, host: 'elsewhere' });
        expect(await store.runs.owner('run-1')).toEqual(ME);
        await store.runs.release('run-1', ME);
        expect(await store.runs.owner('run-1')).toBeUndefined();
      });

      it('refuses a claim while another host holds the run', async () => {
        await store.runs.claim('run-1', { pid: 4242, host: 'elsewhere' });
        await expect(store.runs.claim('run-1', ME)).rejects.toMatchObject({
          code: 'store-locked',
          message: expect.stringMatching(/4242.*elsewhere/),
        });
      });
    });

    describe('journal', () => {
      it('answers a finished call from the journal', async () => {
        expect(await store.journal.start(aKey('a'), { q: 1 }, AT)).toEqual({ state: 'new' });
        await store.journal.finish(aKey('a'), aReply(), AT);
        expect(await store.journal.start(aKey('a'), { q: 1 }, AT)).toEqual({ state: 'done', reply: aReply() });
      });

      it('keeps an unknown price unknown and every text as it was', async () => {
        const text = 'nul \u0000, lone \ud800, quote ", emoji \u{1f600}';
        const reply = aReply({ reply: { text, list: [null, true, -0.5] }, costMicroUsd: null });
        await store.journal.start(aKey('a'), { text }, AT);
        await store.journal.finish(aKey('a'), reply, AT);
        expect(await store.journal.start(aKey('a'), { text }, AT)).toEqual({ state: 'done', reply });
        expect((await store.journal.totals('run-1')).costMicroUsd).toBeNull();
      });

      it('says that a call is in doubt when it was started without a reply', async () => {
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        expect(await store.journal.start(aKey('a'), { q: 1 }, AT)).toEqual({ state: 'in-doubt' });
        await store.journal.finish(aKey('a'), aReply(), AT);
        expect(await store.journal.totals('run-1')).toMatchObject({ inDoubt: 1, inDoubtMicroUsd: 100 });
        expect(await store.journal.doubtful('run-1')).toEqual([
          { role: 'agent', key: 'a', resent: 1, costMicroUsd: 100, startedAt: AT },
        ]);
      });

      it('knows no price of a call in doubt that never got a reply, whatever its attempts cost', async () => {
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        const fault = { kind: 'protocol', message: 'null' };
        await store.journal.finish(aKey('a'), aReply({ reply: { fault }, costMicroUsd: 0 }), AT);
        expect(await store.journal.doubtful('run-1')).toMatchObject([{ key: 'a', resent: 1, costMicroUsd: null }]);
      });

      it('takes a released call back as if it had never been started', async () => {
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        await store.journal.release(aKey('a'));
        expect(await store.journal.start(aKey('a'), { q: 1 }, AT)).toEqual({ state: 'new' });
        expect(await store.journal.totals('run-1')).toMatchObject({ inDoubt: 0 });
      });

      it('remembers doubt about a call that is released later', async () => {
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        await store.journal.release(aKey('a'));
        expect(await store.journal.totals('run-1')).toMatchObject({ inDoubt: 1 });
      });

      it('refuses another request under the same key, whatever the order of its members', async () => {
        await store.journal.start(aKey('a'), { q: 1, r: 2 }, AT);
        await store.journal.finish(aKey('a'), aReply(), AT);
        expect(await store.journal.start(aKey('a'), { r: 2, q: 1 }, AT)).toMatchObject({ state: 'done' });
        await expect(store.journal.start(aKey('a'), { q: 2, r: 2 }, AT)).rejects.toMatchObject({
          code: 'journal-mismatch',
        });
      });

      it('keeps the first reply and counts it once', async () => {
        await store.journal.start(aKey('a'), {}, AT);
        await store.journal.finish(aKey('a'), aReply(), AT);
        await store.journal.finish(aKey('a'), aReply({ reply: 'other' }), AT);
        expect(await store.journal.start(aKey('a'), {}, AT)).toEqual({ state: 'done', reply: aReply() });
        expect((await store.journal.totals('run-1')).calls.agent).toBe(1);
      });

      it('forgets replies that are faults, so that they are sent again, but not what they cost', async () => {
        await store.journal.start(aKey('good'), {}, AT);
        await store.journal.finish(aKey('good'), aReply(), AT);
        await store.journal.start(aKey('bad'), {}, AT);
        await store.journal.finish(aKey('bad'), aReply({ reply: { fault: 'timeout' } }), AT);
        expect(await store.journal.releaseFaults('run-1')).toBe(1);
        expect(await store.journal.totals('run-1')).toMatchObject({
          calls: { agent: 1 },
          costMicroUsd: 200,
          inDoubt: 0,
        });
        expect(await store.journal.start(aKey('bad'), {}, AT)).toEqual({ state: 'new' });
        expect(await store.journal.start(aKey('good'), {}, AT)).toMatchObject({ state: 'done' });
      });

      it('refuses a reply to a call that was never started', async () => {
        await expect(store.journal.finish(aKey('a'), aReply(), AT)).rejects.toMatchObject({ code: 'journal-mismatch' });
      });

      it('fails one of several calls of the same moment without the others', async () => {
        await store.journal.start(aKey('a'), { q: 1 }, AT);
        const outcomes = await Promise.allSettled([
          store.journal.start(aKey('b'), {}, AT),
          store.journal.start(aKey('a'), { q: 'other' }, AT),
          store.journal.start(aKey('c'), {}, AT),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        await store.journal.finish(aKey('c'), aReply(), AT);
      });

      it('keeps runs and roles apart', async () => {
        await store.runs.create(aRun('run-2'));
        for (const key of [aKey('a'), aKey('a', { role: 'grader' }), aKey('a', { runId: 'run-2' })]) {
          expect(await store.journal.start(key, {}, AT)).toEqual({ state: 'new' });
          await store.journal.finish(key, aReply(), AT);
        }
        expect(await store.journal.totals('run-1')).toEqual({
          calls: { agent: 1, grader: 1, critic: 0, editor: 0 },
          inDoubt: 0,
          inDoubtMicroUsd: 0,
          usage: { input: 20, output: 10, cached: 4, reasoning: 2, estimated: false },
          costMicroUsd: 200,
        });
      });

      it('has empty totals for a run without calls', async () => {
        expect(await store.journal.totals('run-1')).toMatchObject({ calls: { agent: 0 }, inDoubt: 0, costMicroUsd: 0 });
      });
    });

    describe('rollouts', () => {
      it('streams in the order of saving, across pages, while others write', async () => {
        const rollouts = Array.from({ length: 300 }, (_, index) => aRollout({ id: `r-${index}` }));
        await store.rollouts.save(rollouts);
        const seen: string[] = [];
        for await (const { rollout } of store.rollouts.list({ runId: 'run-1' })) {
          seen.push(rollout.id);
          if (seen.length === 10) await store.journal.start(aKey('during'), {}, AT);
        }
        expect(seen).toEqual(rollouts.map(({ rollout }) => rollout.id));
      });

      it('returns them as they were, by run, prompt, task and id', async () => {
        const first = aRollout({ id: 'r-1', promptId: 'p-1', taskId: 't-1' });
        const second = aRollout({ id: 'r-2', promptId: 'p-2', taskId: 't-1', score: null });
        await store.rollouts.save([first, second]);
        expect(await collect(store.rollouts.list({ runId: 'run-1' }))).toEqual([first, second]);
        expect(await collect(store.rollouts.list({ runId: 'run-1', promptId: 'p-2' }))).toEqual([second]);
        expect(await collect(store.rollouts.list({ runId: 'run-1', promptId: 'p-1', taskId: 't-1' }))).toEqual([first]);
        expect(await collect(store.rollouts.list({ runId: 'run-2' }))).toEqual([]);
        expect(await store.rollouts.get('r-2')).toEqual(second);
        expect(await store.rollouts.get('r-3')).toBeUndefined();
      });

      it('keeps a scored rollout and replaces an unscored one, in its place, when saved again', async () => {
        await store.rollouts.save([aRollout({ id: 'r-1', score: null }), aRollout({ id: 'r-2' })]);
        await store.rollouts.save([aRollout({ id: 'r-1', answer: 'now' }), aRollout({ id: 'r-2', answer: 'again' })]);
        const answers = (await collect(store.rollouts.list({ runId: 'run-1' }))).map(({ rollout }) => rollout.answer);
        expect(answers).toEqual(['now', 'forty-two']);
      });

      it('gives scores without bodies', async () => {
        await store.rollouts.save([
          aRollout({ id: 'r-1', score: 0.5, split: 'val' }),
          aRollout({ id: 'r-2', promptId: 'p-2', score: null }),
        ]);
        expect(await store.rollouts.scores({ runId: 'run-1', promptId: 'p-1' })).toEqual([
          { promptId: 'p-1', taskId: 'task-1', iteration: 1, split: 'val', status: 'ok', score: 0.5 },
        ]);
        expect((await store.rollouts.scores({ runId: 'run-1' })).map(({ score }) => score)).toEqual([0.5, null]);
      });
    });

    describe('somebody who is to be forgotten', () => {
      const ann = { userId: 'ann', sessionId: 's-1' };

      beforeEach(async () => {
        await store.runs.create(aRun('run-2', { createdAt: LATER }));
        await store.rollouts.save([
          aRollout({ id: 'r-1', owner: ann }),
          aRollout({ id: 'r-2', owner: { userId: 'bob', sessionId: 's-2' } }),
          aRollout({ id: 'r-3', runId: 'run-2', taskId: 'agno:db:s-1:turn-1' }),
        ]);
        await store.journal.start(aKey('a'), { q: 'what ann said' }, AT);
        await store.journal.finish(aKey('a'), aReply(), AT);
      });

      it('is found by user and by session, in older stores by the ids of history tasks', async () => {
        expect(await store.rollouts.runsOf({ userId: 'ann' })).toEqual(['run-1']);
        expect(await store.rollouts.runsOf({ sessionId: 's-1' })).toEqual(['run-1', 'run-2']);
        expect(await store.rollouts.runsOf({ userId: 'an' })).toEqual([]);
        expect(await store.rollouts.runsOf({ sessionId: '%' })).toEqual([]);
      });

      it('leaves neither rollouts nor a journal that quotes them; the totals and everybody else stay', async () => {
        const before = await store.journal.totals('run-1');
        expect(await store.rollouts.forget('run-1', { userId: 'ann' })).toEqual(['a'.repeat(32)]);
        const left = await collect(store.rollouts.list({ runId: 'run-1' }));
        expect(left.map(({ rollout }) => rollout.id)).toEqual(['r-2']);
        expect(await store.journal.start(aKey('a'), { q: 'what ann said' }, AT)).toEqual({ state: 'new' });
        expect(await store.journal.totals('run-1')).toEqual(before);
        expect(await store.rollouts.runsOf({ sessionId: 's-1' })).toEqual(['run-2']);
      });
    });

    describe('candidates', () => {
      it('lists by iteration, in the order of saving, each prompt once with its first origin', async () => {
        const start = aCandidate('start');
        const edit = aCandidate('edit', { parents: [start.prompt.id], operator: 'edit', critique: 'too short' });
        for (const candidate of [start, edit, aCandidate('edit', { iteration: 5 })]) {
          await store.candidates.save('run-1', candidate);
        }
        expect(await store.candidates.list('run-1')).toEqual([start, edit]);
        expect(await store.candidates.list('run-2')).toEqual([]);
      });

      it('does not depend on what is saved first among candidates that were asked for side by side', async () => {
        const first = aCandidate('edit', { iteration: 1, ordinal: 0 });
        const second = aCandidate('edit 2', { iteration: 1, ordinal: 1 });
        await store.runs.create(aRun('run-2'));
        const other = aCandidate('edit', { iteration: 1, ordinal: 2, operator: 'paraphrase' });
        for (const [run, order] of [
          ['run-1', [first, second, other]],
          ['run-2', [second, other, first]],
        ] as const) {
          for (const candidate of order) await store.candidates.save(run, candidate);
          expect(await store.candidates.list(run)).toEqual([first, second]);
        }
      });

      it('forgets a rejection when the same prompt is accepted later', async () => {
        await store.candidates.save('run-1', aCandidate('edit', { rejected: 'too long' }));
        await store.candidates.save('run-1', aCandidate('edit', { iteration: 2 }));
        expect(await store.candidates.list('run-1')).toEqual([aCandidate('edit', { iteration: 2 })]);
      });
    });

    describe('prompts', () => {
      it('numbers prompts by first appearance and lists results newest first', async () => {
        const first = await store.prompts.save(aVersion('one'));
        const second = await store.prompts.save(aVersion('two', { explanation: { statements: [] }, score: null }));
        const again = await store.prompts.save(aVersion('one', { runId: 'run-2', interval: null }));
        expect([first.version, second.version, again.version]).toEqual([1, 2, 1]);
        expect(await store.prompts.list()).toEqual([again, second, first]);
      });

      it('saves the result of a run once, however often the run ends', async () => {
        await store.prompts.save(aVersion('one'));
        await store.prompts.save(aVersion('one', { score: 0.8, createdAt: LATER }));
        expect(await store.prompts.list()).toEqual([{ ...aVersion('one', { score: 0.8 }), version: 1 }]);
      });

      it('finds by id, beginning of an id, version number and label', async () => {
        const saved = await store.prompts.save(aVersion('one'));
        await store.prompts.save(aVersion('two'));
        await store.prompts.setLabel('production', saved.prompt.id);
        for (const reference of [
          saved.prompt.id,
          saved.prompt.id.slice(0, 7),
          saved.prompt.id.slice(2, 9),
          '1',
          'v1',
          'production',
        ]) {
          expect(await store.prompts.find(reference), reference).toEqual(saved);
        }
        for (const reference of ['v9', 'staging', '', 'p-', '%', "' or 1=1 --"]) {
          expect(await store.prompts.find(reference), reference).toBeUndefined();
        }
      });

      it('refuses a beginning that fits two prompts', async () => {
        await store.prompts.save(aVersion({ id: 'p-aaaa11', components: { system: 'x' } }));
        await store.prompts.save(aVersion({ id: 'p-aaaa22', components: { system: 'y' } }));
        await expect(store.prompts.find('p-aaaa')).rejects.toMatchObject({ code: 'not-found' });
      });

      it('moves a label, and only to a prompt that exists', async () => {
        const [one, two] = [await store.prompts.save(aVersion('one')), await store.prompts.save(aVersion('two'))];
        await store.prompts.setLabel('staging', one.prompt.id);
        await store.prompts.setLabel('staging', two.prompt.id);
        expect(await store.prompts.labels()).toEqual({ staging: two.prompt.id });
        await expect(store.prompts.setLabel('staging', 'p-unknown')).rejects.toMatchObject({ code: 'not-found' });
      });

      it('keeps components in their order', async () => {
        const prompt = createPrompt({ writer: 'w', system: 's' });
        await store.prompts.save(aVersion(prompt));
        expect(Object.keys((await store.prompts.find(prompt.id))?.prompt.components ?? {})).toEqual([
          'writer',
          'system',
        ]);
      });
    });

    it('commits what was submitted before it was closed', async () => {
      const pending = store.journal.start(aKey('a'), {}, AT);
      await store.close();
      await expect(pending).resolves.toEqual({ state: 'new' });
    });
  });
}
