import { deskNames, FORMATS, formatRule, routeRule, TOPICS } from './rules.js';

const formats = (r, n, from) =>
  r
    .shuffle(from ?? Object.keys(FORMATS))
    .slice(0, n)
    .map((id) => formatRule(id, r.pick(Object.keys(FORMATS[id].args))));
const routes = (r, n) => {
  const desks = r.shuffle(deskNames);
  return r
    .shuffle(TOPICS.map((_, i) => i))
    .slice(0, n)
    .map((t, i) => routeRule(t, desks[i % desks.length], desks));
};
const C = { skill: 0.72, max: 3, style: 'json', cite: 0.85, noise: 0.12 };
const E = { apply: 0.92, drop: 0.02, noise: 0.05, merge: 0.05, shape: 'asked' };
const SLOPPY = { apply: 0.85, drop: 0.07, noise: 0.25, merge: 0.25, shape: 'mixed' };
const START = 'You are an assistant at a service desk. Fill in the record for the note.';
const D = {
  base: 0.12,
  top: 0.95,
  slip: 0.04,
  needs: [1, 1, 2, 2, 3],
  n: 120,
  zipf: 0.5,
  start: START,
  critic: C,
  editor: E,
};
const LONG = [
  'You are an assistant at the service desk of a company that sells and repairs household devices.',
  'The company was founded in 1974 and has four hundred employees.',
  'Notes are written down by colleagues at the counter, often in a hurry.',
  'Your task is to turn each note into a record for the archive.',
  'The archive is used by the repair team, the accountants and the lawyers.',
  'Read the whole note before you begin.',
  'Only the fields that are asked for belong in the record.',
  'Fields appear in the order in which they are listed.',
  'Separate the fields by semicolons.',
  'Write the name of the field, a colon and the value.',
  'Do not invent values.',
  'Leave weather, moods and family matters out.',
  'Some notes mention more than one device.',
  'In such cases the first one counts.',
  'The customers are private people and small shops.',
  'Records are kept for ten years.',
  'The lawyers read them when there is a dispute.',
  'A good record saves a telephone call.',
  'A bad one costs a morning.',
  'Colleagues rely on your work.',
];
const mix = (r, f, k) => r.shuffle([...formats(r, f), ...routes(r, k)]);
export const families = {
  'formats-json': (r) => ({ ...D, rules: formats(r, 7) }),
  'desks-prose': (r) => ({
    ...D,
    rules: routes(r, 9),
    needs: [1],
    freeFields: true,
    critic: { ...C, style: 'prose' },
    editor: { ...E, shape: 'bare' },
  }),
  labels: (r) => ({
    ...D,
    label: true,
    rules: routes(r, 8),
    needs: [0, 1, 1, 1],
    base: 0.15,
    start: 'You sort notes. Answer with the desk, one word.',
    critic: { ...C, style: 'bullets' },
  }),
  'multi-turn': (r) => ({
    ...D,
    base: 0.35,
    turns: true,
    rules: formats(r, 6),
    critic: { ...C, style: 'mixed' },
    editor: { ...E, shape: 'mixed' },
  }),
  'context-field': (r) => ({
    ...D,
    base: 0.25,
    context: true,
    rules: mix(r, 4, 4),
    critic: { ...C, style: 'numbered' },
  }),
  'long-start': (r) => ({ ...D, rules: formats(r, 7), start: LONG.join(' '), editor: SLOPPY }),
  'harm-middle': (r) => ({
    ...D,
    rules: formats(r, 4),
    base: 0.3,
    harm: 1.7,
    start: [
      ...LONG.slice(0, 9),
      'Always explain your reasoning step by step, so that colleagues can follow it.',
      ...LONG.slice(9, 18),
    ].join(' '),
  }),
  'empty-start': (r) => ({ ...D, rules: mix(r, 4, 3), start: '' }),
  contradiction: (r) => {
    const rules = formats(r, 6);
    return {
      ...D,
      rules,
      start: `${START} ${rules
        .slice(0, 4)
        .map((x) => `${x.say(r)} ${x.say(r, { wrong: true })}`)
        .join(' ')}`,
    };
  },
  'wrong-rules': (r) => {
    const rules = formats(r, 6);
    return {
      ...D,
      rules,
      base: 0.4,
      start: `${START} ${rules
        .slice(0, 4)
        .map((x) => x.say(r, { wrong: true }))
        .join(' ')}`,
    };
  },
  'german-start': (r) => ({
    ...D,
    rules: formats(r, 4),
    base: 0.25,
    language: true,
    start:
      'Du bist ein Assistent an einem Servicepult. Lies die Notiz und fülle den Datensatz aus. Bitte achte auf die Reihenfolge der Felder und trenne sie mit einem Semikolon.',
  }),
  'german-critic': (r) => ({
    ...D,
    base: 0.3,
    rules: formats(r, 7),
    critic: { ...C, style: 'german', german: 0.8 },
    editor: { ...E, shape: 'fence' },
  }),
  pairs: (r) => ({
    ...D,
    rules: formats(r, 8),
    base: 0.2,
    needs: [1, 2],
    pairs: [
      [0, 1],
      [2, 3],
      [4, 5],
    ],
  }),
  'last-line': (r) => ({ ...D, rules: formats(r, 5), lastLine: true, base: 0.25 }),
  'few-shot': (r) => ({ ...D, base: 0.2, rules: formats(r, 6), fewshot: { tell: 0.3, shows: 0.4 } }),
  'rarely-honoured': (r) => ({ ...D, rules: formats(r, 6), base: 0.06, top: 0.36, needs: [1] }),
  'wrong-labels': (r) => ({ ...D, base: 0.3, rules: formats(r, 7), wrongLabels: 0.1 }),
  'many-small': (r) => ({ ...D, rules: mix(r, 12, 12), base: 0.25, needs: [1, 2, 2], zipf: 0.2, n: 200 }),
  'one-big': (r) => ({
    ...D,
    rules: formats(r, 2),
    base: 0.8,
    needs: [0, 1],
    freeFields: true,
    ending: {
      words: 'end of record',
      re: /end of record/i,
      base: 0.12,
      top: 0.96,
      say: [
        'End every record with the words END OF RECORD.',
        'After the last field comes: END OF RECORD.',
        'Close each answer with END OF RECORD.',
      ],
    },
  }),
  hopeless: (r) => ({ ...D, rules: mix(r, 5, 4), flat: 0.45 }),
  perfect: (r) => {
    const rules = formats(r, 6);
    return { ...D, rules, start: `${START} ${rules.map((x) => x.say(r)).join(' ')}`, slip: 0.05, top: 0.98 };
  },
  'critic-useless': (r) => ({ ...D, base: 0.3, rules: formats(r, 6), critic: { ...C, useless: true } }),
  'editor-useless': (r) => ({
    ...D,
    base: 0.3,
    rules: formats(r, 6),
    editor: { ...E, useless: true },
    critic: { ...C, style: 'bullets' },
  }),
  'same-first': (r) => ({
    ...D,
    base: 0.25,
    rules: formats(r, 7),
    critic: { ...C, max: 1, first: 'Be friendly and polite to the customer.' },
  }),
  'too-long': (r) => ({ ...D, rules: formats(r, 9), base: 0.3, limit: 420 }),
  'small-40': (r) => ({ ...D, base: 0.25, rules: formats(r, 5), n: 40 }),
  'big-400': (r) => ({ ...D, base: 0.3, rules: mix(r, 6, 6), n: 400, critic: { ...C, style: 'mixed' } }),
  'diff-editor': (r) => ({
    ...D,
    rules: formats(r, 6),
    editor: { ...E, shape: 'diff' },
    critic: { ...C, style: 'prose' },
  }),
  'json-editor': (r) => ({
    ...D,
    base: 0.35,
    rules: mix(r, 4, 3),
    editor: { ...E, shape: 'json' },
    critic: { ...C, style: 'mixed' },
  }),
};
