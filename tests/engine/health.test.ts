import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import type { ScoredRollout } from '../../src/core/rollout.ts';
import { createHealthCheck } from '../../src/engine/health.ts';

const PURPOSE = { iteration: 1, split: 'train', label: 'a step' } as const;
let task = 0;

function rollout(promptId: string, what: 'ok' | 'looping' | 'refused' | 'unscored'): ScoredRollout {
  const taskId = `task-${task++}`;
  return {
    rollout: {
      id: taskId,
      taskId,
      promptId,
      sample: 0,
      status: what === 'looping' ? 'failed' : what === 'unscored' ? 'ok' : what,
      answer: what === 'ok' || what === 'unscored' ? taskId : '',
      failure: what === 'looping' ? { kind: 'agent', message: 'still calling tools after 8 turns' } : null,
      traceId: '',
      events: [],
      usage: { input: 0, output: 0, cached: 0, reasoning: 0, estimated: false },
      durationMs: 1,
    },
    grade:
      what === 'unscored'
        ? { status: 'unscored', reason: 'no verdict' }
        : { status: 'scored', score: what === 'ok' ? 1 : 0, reason: '' },
  };
}
const rollouts = (count: number, promptId: string, what: Parameters<typeof rollout>[1]) =>
  Array.from({ length: count }, () => rollout(promptId, what));

describe('R21 rollouts without an answer', () => {
  function run(...steps: (readonly ScoredRollout[])[]): void {
    const health = createHealthCheck(0.1);
    for (const step of steps) health.step(step, step, PURPOSE);
    health.end();
  }

  it('of one proposal are its own doing', () => {
    expect(() => run(rollouts(20, 'start', 'ok'), rollouts(40, 'bad', 'looping'))).not.toThrow();
  });

  it('of (nearly) all prompts stop the step, also when they answered before', () => {
    const nearlyAll = [...rollouts(1, 'a', 'ok'), ...rollouts(10, 'a', 'looping'), ...rollouts(9, 'b', 'refused')];
    expect(() => run(rollouts(20, 'start', 'ok'), nearlyAll)).toThrow(/19 of the last 20 .*a step: still calling/);
  });

  it('stop a run that never had an answer after ten', () => {
    expect(() => run(rollouts(9, 'start', 'looping'), rollouts(9, 'start', 'ok'))).not.toThrow();
    expect(() => run(rollouts(5, 'start', 'looping'), rollouts(5, 'start', 'refused'))).toThrow(/all of the last 10/);
  });

  it('are told at the end of a run that was too short for that', () => {
    expect(() => run(rollouts(4, 'start', 'looping'))).toThrow(/the whole run/);
  });

  it('below that stay facts about single rollouts', () => {
    expect(() => run([...rollouts(10, 'a', 'looping'), ...rollouts(10, 'b', 'ok')])).not.toThrow();
  });
});

describe('R21 unscored rollouts', () => {
  /** Steps of four; `share` of the rollouts are unscored, spread by a seed. */
  function outcome(share: number, seed: number): 'stopped' | 'went on' {
    const random = createRandom(seed, 'unscored');
    const health = createHealthCheck(0.1);
    try {
      for (let step = 0; step < 75; step++) {
        const results = Array.from({ length: 4 }, () => rollout('start', random.next() < share ? 'unscored' : 'ok'));
        health.step(results, results, PURPOSE);
      }
      return 'went on';
    } catch {
      return 'stopped';
    }
  }
  const stopped = (share: number): number =>
    Array.from({ length: 40 }, (_, seed) => outcome(share, seed)).filter((end) => end === 'stopped').length;

  it('below the threshold do not stop a run, whatever steps they gather in', () => {
    expect(stopped(0.03)).toBe(0);
    expect(stopped(0.05)).toBeLessThanOrEqual(2);
  });

  it('above it stop every run', () => {
    expect(stopped(0.2)).toBe(40);
    expect(stopped(0.15)).toBeGreaterThanOrEqual(34);
  });

  it('stop at once where many are', () => {
    const health = createHealthCheck(0.1);
    const step = [...rollouts(14, 'start', 'ok'), ...rollouts(6, 'start', 'unscored')];
    expect(() => health.step(step, step, PURPOSE)).toThrow(/30 % of the rollouts are failed or unscored.*no verdict/);
  });
});
