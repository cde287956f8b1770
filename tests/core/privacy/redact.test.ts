import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REDACTION_LEVELS, type RedactionLevel } from '../../../src/core/privacy/detector.ts';
import { mapJsonLeaves } from '../../../src/core/privacy/json-text.ts';
import { findLeaks } from '../../../src/core/privacy/leaks.ts';
import { createRedactor } from '../../../src/core/privacy/redact.ts';

/** Texts that are full of what detectors look for, torn and glued together at will. */
const fragment = fc.oneof(
  fc.constantFrom(
    'anna@shop.example',
    'ANNA@shop.example',
    '+49 171 1234567',
    '4111 1111 1111 1111',
    'DE89370400440532013000',
    '203.0.113.9',
    'sk-abcdefghij0123456789',
    'Bearer abc123DEF456ghi789',
    'password: hunter2',
    '<EMAIL_1>',
    '<PHONE_7>',
    'my name is Anna Schmidt',
    'Anna',
    'https://x.example/?token=abcdef1',
    '536-90-4399',
    '00:1A:2b:3c:4D:5e',
    '.',
    ':',
    '-',
    '"',
    '\\',
    '{',
    '}',
    ' ',
    '\n',
    '=',
    '@',
    'api_key=',
    '1',
    '<',
    '>',
    '_1>',
    'é',
    '𝒜',
  ),
  fc.string({ maxLength: 6 }),
);
const text = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(''));
const level = fc.constantFrom<RedactionLevel>(...REDACTION_LEVELS);

describe('redaction', () => {
  it('gives one value one placeholder, however it is written, for the whole conversation', () => {
    const redactor = createRedactor(2);
    expect(redactor.text('I am anna@shop.example, call +49 171 1234567')).toBe('I am <EMAIL_1>, call <PHONE_1>');
    expect(redactor.text('bob@shop.example wrote to Anna@Shop.example')).toBe('<EMAIL_2> wrote to <EMAIL_1>');
    expect(redactor.text('call +491711234567')).toBe('call <PHONE_1>');
  });

  it('reads the name of a JSON member as the words before its value, and knows one number as one', () => {
    const redactor = createRedactor(2);
    expect(redactor.text('my nhs number is 943 476 5919')).toBe('my nhs number is <NATIONAL_ID_1>');
    const given = '{"nhs": "943 476 5919", "steuerId": 86095742719, "order": 86095742719, "passport_no": "C01X00T47"}';
    const expected =
      '{"nhs": "<NATIONAL_ID_1>", "steuerId": "<NATIONAL_ID_2>", "order": 86095742719, "passport_no": "<NATIONAL_ID_3>"}';
    expect(redactor.value(given)).toBe(expected);
    expect(createRedactor(2).value(expected)).toBe(expected);
  });

  it('removes everywhere what one place of the conversation shows for what it is', () => {
    const texts = [
      'my steuer is 86095742719, password is hunter2secret!',
      '{"id":"86095742719","note":"hunter2secret!"}',
    ];
    const redactor = createRedactor(2);
    redactor.learn(texts);
    expect(redactor.value(texts[1] ?? '')).toBe('{"id":"<NATIONAL_ID_1>","note":"<SECRET_1>"}');
  });

  it('never gives a placeholder that the conversation already uses', () => {
    const redactor = createRedactor(2);
    redactor.learn(['as <EMAIL_3> said']);
    expect(redactor.text('write to bob@shop.example')).toBe('write to <EMAIL_4>');
  });

  it('knows a name everywhere once it was introduced, at level 3', () => {
    const redactor = createRedactor(3);
    const texts = ['Ask Anna Schmidt.', 'Hello, my name is Anna Schmidt.'];
    redactor.learn(texts);
    expect(texts.map(redactor.text)).toEqual(['Ask <PERSON_1>.', 'Hello, my name is <PERSON_1>.']);
  });

  it('uses what an outside detector found', () => {
    const redactor = createRedactor(3);
    redactor.learn([], [{ type: 'DISEASE', value: 'mumps' }]);
    expect(redactor.text('mumps, not mumpsimus')).toBe('<DISEASE_1>, not mumpsimus');
  });

  it('removes secrets and nothing else at level 1, and nothing at level 0', () => {
    const said = 'anna@shop.example has sk-abcdefghij0123456789';
    expect(createRedactor(1).text(said)).toBe('anna@shop.example has <SECRET_1>');
    expect(createRedactor(0).text(said)).toBe(said);
  });

  it('keeps only shapes at level 4', () => {
    const redactor = createRedactor(4);
    expect(redactor.text('hello')).toBe('<TEXT:5>');
    expect(redactor.value('{"city": "Paris", "n": 3, "ok": true, "x": null}')).toBe(
      '{"city": "<TEXT:5>", "n": "<NUMBER>", "ok": true, "x": null}',
    );
  });

  it('redacts members of JSON by their name, numbers and keys too, and keeps the rest byte for byte', () => {
    const redactor = createRedactor(2);
    expect(
      redactor.value('{ "password" : "hunter2", "card": 4111111111111111, "big": 12345678901234567890, "x": 1.0e3 }'),
    ).toBe('{ "password" : "<SECRET_1>", "card": "<CARD_1>", "big": 12345678901234567890, "x": 1.0e3 }');
    expect(redactor.value('{"a@shop.example": ["\\u0062@shop.example"]}')).toBe('{"<EMAIL_1>": ["<EMAIL_2>"]}');
  });

  it('reaches into JSON within JSON', () => {
    const inner = JSON.stringify({ to: 'a@shop.example' });
    expect(createRedactor(2).value(JSON.stringify({ body: inner }))).toBe(
      JSON.stringify({ body: inner.replace('a@shop.example', '<EMAIL_1>') }),
    );
  });

  it('is idempotent at every level', () => {
    fc.assert(
      fc.property(text, level, (said, at) => {
        const once = createRedactor(at).text(said);
        expect(createRedactor(at).text(once)).toBe(once);
      }),
      { numRuns: 3_000 },
    );
  });

  it('leaves nothing behind that a check would find', () => {
    fc.assert(
      fc.property(text, fc.constantFrom<RedactionLevel>(1, 2, 3), (said, at) => {
        expect(findLeaks(createRedactor(at).text(said), at)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps valid JSON valid, with the same shape, and is idempotent on it', () => {
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(
        text,
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      node: fc.oneof(
        { depthSize: 'small' },
        tie('leaf'),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(
          fc.oneof(fc.constantFrom('password', 'token', 'email', 'a@b.example'), fc.string({ maxLength: 5 })),
          tie('node'),
          {
            maxKeys: 4,
          },
        ),
      ),
    })).node;
    fc.assert(
      fc.property(value, level, fc.boolean(), (given, at, pretty) => {
        const json = JSON.stringify({ given }, null, pretty ? 2 : 0);
        const once = createRedactor(at).value(json);
        expect(shapeOf(JSON.parse(once))).toEqual(shapeOf(JSON.parse(json)));
        expect(createRedactor(at).value(once)).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing of JSON when nothing has to change', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.constantFrom(undefined, 2, '\t'), (json, space) => {
        const written = JSON.stringify(JSON.parse(json), null, space);
        expect(mapJsonLeaves(written, ({ value }) => value)).toBe(written);
      }),
    );
  });
});

/** Containers and their sizes; numbers may have become texts. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value === 'object' && value !== null) return Object.values(value).map(shapeOf);
  return typeof value === 'number' ? 'string' : value === null ? 'null' : typeof value;
}

it('gives one number one placeholder in whatever digits it is written, and different numbers different ones', () => {
  const text = createRedactor(2).text('+49 171 1234567, +٤٩ ١٧١ ١٢٣٤٥٦٧, +٤٩ ١٧١ ٧٦٥٤٣٢١');
  expect(text).toBe('<PHONE_1>, <PHONE_1>, <PHONE_2>');
});
