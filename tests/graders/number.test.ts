import { describe, expect, it } from 'vitest';
import createNumberGrader, { options } from '../../src/graders/number.ts';
import { testGrader } from '../contracts/grader.ts';
import { graderContext, rolloutOf, taskOf } from '../helpers/contexts.ts';

testGrader('number', {
  create: () => createNumberGrader(options.parse({})),
  task: { expected: '1,200 km' },
  good: 'First 900, then 300: **1.2e6 m**.',
  bad: 'about 1100 km',
});

async function scoreOf(answer: string, expected: string, given: unknown = {}): Promise<unknown> {
  const grader = createNumberGrader(options.parse(given));
  const grade = await grader.grade(rolloutOf(answer), taskOf({ expected }), graderContext());
  return grade.status === 'scored' ? grade.score : grade.reason;
}

describe('number', () => {
  it.each([
    ['The answer is 42.', '42'],
    ['#### 42', '42'],
    ['\\boxed{42}', '42'],
    ['$1,234.50', '1234.5'],
    ['1.234,50 €', '1234.5'],
    ['1\u202f234\u00a0567', '1234567'],
    ['1 234,50 €', '1234.5'],
    ['in 2020 12 345 678,9', '12345678.9'],
    ['2020 100,5', '100.5'],
    ["12'345'678", '12345678'],
    ['1,00,000', '100000'],
    ['1.234.567', '1234567'],
    ['−5', '-5'],
    ['-$5', '-5'],
    ['between 3-5', '5'],
    ['.5', '0.5'],
    ['0,5', '0.5'],
    ['6.02e23', '6.02E+23'],
    ['3/4', '0.75'],
    ['\\frac{3}{4}', '3/4'],
    ['50 %', '0.5'],
    ['50', '50%'],
    ['0.5', '50 percent'],
    ['5 km', '5000 m'],
    ['90 min', '1.5 hours'],
    ['2 million', '2000000'],
    ['12k', '12000'],
    ['USD 5', '$5'],
    ['5 apples', '5'],
    ['5', '5 kg'],
    ['１２', '12'],
    ['٤٢', '42'],
    ['1, 2, 3', '3'],
    ['0.1 + 0.2 = 0.30000000000000004', '0.3'],
  ])('reads %j as %j', async (answer, expected) => {
    expect(await scoreOf(answer, expected)).toBe(1);
  });

  it.each([
    ['5 kg', '5 km'],
    ['$5', '5 €'],
    ['5 km', '5 m'],
    ['1/4', '3/4'],
    ['-42', '42'],
    ['H2O', '2'],
    ['none', '0'],
    ['1e999', '1'],
    ['1/0', '0'],
    ['20 °C', '20 °F'],
    ['2.5.1', '2.5'],
    ['5 100', '5100'],
  ])('does not read %j as %j', async (answer, expected) => {
    expect(await scoreOf(answer, expected)).toBe(0);
  });

  it('has absolute and relative tolerance, the wider one counting, in the unit of the expected answer', async () => {
    expect(await scoreOf('3.2', '3', { tolerance: 0.2 })).toBe(1);
    expect(await scoreOf('3.3', '3', { tolerance: 0.2 })).toBe(0);
    expect(await scoreOf('101', '100', { relativeTolerance: 0.01 })).toBe(1);
    expect(await scoreOf('102', '100', { relativeTolerance: 0.01 })).toBe(0);
    expect(await scoreOf('5100 m', '5 km', { tolerance: 0.1 })).toBe(1);
  });

  it('takes the last number, or the first', async () => {
    expect(await scoreOf('7 of 9', '9')).toBe(1);
    expect(await scoreOf('7 of 9', '7', { pick: 'first' })).toBe(1);
  });

  it('reads ambiguous separators as told', async () => {
    expect(await scoreOf('1,234', '1234')).toBe(1);
    expect(await scoreOf('1,234', '1.234', { decimal: ',' })).toBe(0);
    expect(await scoreOf('1.234', '1234', { decimal: ',' })).toBe(1);
    expect(await scoreOf('1 234,5', '1234,5', { decimal: ',' })).toBe(1);
  });

  it('leaves a task whose expected answer is no number unscored', async () => {
    expect(await scoreOf('5', 'five')).toBe('the expected answer has no number');
  });
});
