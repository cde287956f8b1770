import { expect, it } from 'vitest';
import type { TraceEvent } from '../../../src/core/trace.ts';
import { describeSteps } from '../../../src/graders/llm/steps.ts';
import { evidenceTexts, renderEvidence } from '../../../src/optimizers/shared/evidence.ts';
import { makeTask } from '../../helpers/task.ts';
import { toolRollout } from '../../traces/helpers.ts';

const shown = { maxCharacters: 1000, fence: (text: string) => text };

function evidence(parts: Parameters<typeof makeTask>[1], events: readonly TraceEvent[] = []) {
  const { rollout } = toolRollout();
  const scored = {
    rollout: { ...rollout, events },
    grade: { status: 'scored', score: 0, reason: 'differs' },
  } as const;
  return { task: makeTask('Capital?', parts), scored };
}

it('shows a critic all answers that are right', () => {
  const item = evidence({ expected: 'Paris', metadata: { expected_answers: ['Paris', 'Lutetia'] } });
  expect(renderEvidence(item, shown)).toContain('Expected answers (each is right):\nParis\nLutetia\n');
  expect(evidenceTexts(item)).toContain('Lutetia');
  expect(renderEvidence(evidence({ expected: 'Paris' }), shown)).toContain('Expected answer:\nParis\n');
});

it('shows those who judge a rollout that a recorded result belongs to another call', () => {
  const { events } = toolRollout().rollout;
  const note = 'error weather (recorded for other arguments: {"city":"Oslo"}): arguments are not JSON';
  expect(renderEvidence(evidence({}, events), shown)).toContain(note);
  expect(describeSteps(events, '')).toContain('tool error (recorded for other arguments: {"city":"Oslo"}): ');
});
