import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { DECOYS, FRAMES, OPENINGS, PLATITUDES, TAILS } from '../../../src/models/simulated/advice.ts';
import { BEHAVIOURS } from '../../../src/models/simulated/behaviours.ts';
import { SCOPES } from '../../../src/models/simulated/scopes.ts';
import { readClauses, statementKey, wordStatement } from '../../../src/models/simulated/statements.ts';

const statements = fc
  .record({
    scope: fc.option(fc.constantFrom(...SCOPES.map(({ id }) => id))),
    behaviour: fc.constantFrom(...BEHAVIOURS),
    pick: fc.nat(),
    vague: fc.boolean(),
    negated: fc.boolean(),
  })
  .map(({ scope, behaviour, pick, vague, negated }) => {
    const names = Object.keys(behaviour.forms);
    return { scope, behaviour: behaviour.id, argument: vague ? null : (names[pick % names.length] ?? null), negated };
  });

function keysOf(text: string): string[] {
  return [...new Set(readClauses(text).flatMap((clause) => clause.statements.map(statementKey)))].sort();
}

describe('the paraphrase grammar', () => {
  it('R17 remembers sentences without the prompts that they stood in', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const used = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    for (let index = 0; index < 300; index++) readClauses(`Sign as number ${index}.\n${'0'.repeat(100_000)}`);
    expect(used() - before).toBeLessThan(10e6);
  });

  it('reads back exactly what it worded, whatever the words', () => {
    fc.assert(
      fc.property(statements, fc.integer(), fc.boolean(), (statement, seed, freely) => {
        const text = wordStatement(statement, createRandom(seed), freely);
        expect(keysOf(text)).toEqual([statementKey(statement)]);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads the same from bullets, numbers, prose, quotes and capitals, in any order', () => {
    fc.assert(
      fc.property(fc.array(statements, { minLength: 1, maxLength: 5 }), fc.integer(), (several, seed) => {
        const lines = several.map((statement) => wordStatement(statement, createRandom(seed), true));
        const wanted = [...new Set(several.map(statementKey))].sort();
        const forms = [
          lines.map((line) => `- ${line}`).join('\n'),
          lines.map((line, index) => `${index + 1}. ${line}`).join('\n'),
          lines.map((line, index) => `[s${index + 1}] ${line}`).join('\n'),
          lines.map((line) => `> **${line}**`).join('\n'),
          [...lines].reverse().join(' '),
          lines.map((line) => `"${line}"`).join('\n\n'),
          `Rules:\n${lines.join('\n').toUpperCase()}`,
        ];
        for (const form of forms) expect(keysOf(form)).toEqual(wanted);
      }),
    );
  });

  it('finds nothing in advice without a point, in openings and in endings', () => {
    const texts = [
      ...DECOYS.flatMap(({ wordings }) => wordings),
      ...FRAMES.map(({ text }) => text),
      ...PLATITUDES,
      ...OPENINGS,
      ...TAILS,
    ];
    for (const text of texts) expect(keysOf(text)).toEqual([]);
    for (const text of texts)
      expect(SCOPES.flatMap(({ nouns }) => nouns).filter((noun) => text.includes(noun))).toEqual([]);
  });

  it('never shows a symptom in a correct answer', () => {
    for (const { forms, symptoms } of BEHAVIOURS) {
      for (const form of Object.values(forms)) {
        expect(symptoms.filter((symptom) => form.startsWith(symptom) || symptom.startsWith(form))).toEqual([]);
      }
    }
  });

  it('keeps every pair of statements apart', () => {
    const keys = new Map<string, string>();
    for (const { id: behaviour, forms, wordings } of BEHAVIOURS) {
      for (const argument of Object.keys(forms)) {
        for (const wording of wordings) {
          const text = wording.replace('{a}', argument);
          expect(keys.get(text.toLowerCase())).toBeUndefined();
          keys.set(text.toLowerCase(), `${behaviour}/${argument}`);
        }
      }
    }
    expect(keys.size).toBeGreaterThan(300);
  });
});
