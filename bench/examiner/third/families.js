// The families: a domain, a start, what the agent honours, and how critic and editor work. `shape` is the share of a rule's
// strength that the prompt as a whole leaves to it; `remark` is what an attentive critic may say about the prompt as a whole.

import { DECOYS, VAGUE } from './meaning.js';
import { pick, shuffled } from './random.js';

const plainStart = ({ domain }) => `${domain.role} ${domain.format}`;
const sayAll = (random, rules, option = (rule) => rule.right) => rules.map((rule) => rule.say(random, option(rule)));
const wrongOption = (rule, random) =>
  pick(
    random,
    rule.options.map((_, index) => index).filter((index) => index !== rule.right),
  );

const RAMBLE = [
  'Our company was founded in a garage and has grown ever since.',
  'We have a great team that cares for its work.',
  'Much could be said about this job, and some of it has been said before.',
  'As mentioned, the work is important to us.',
  'It goes without saying that quality matters.',
  'In the past there were other ways to do this, which we will not go into.',
  'People ask us all the time how we do it.',
  'There may be further points which somebody will add here one day.',
  'Please note the note above.',
];
const GERMAN = [
  'Bitte lies die Aufgabe und antworte immer auf Deutsch in ganzen Sätzen.',
  'Die Antwort ist höflich und nicht zu kurz.',
  'Das ist die Anweisung, und sie wird nicht geändert.',
  'Sie ist für alle Fälle da und das ist gut.',
];

export const FAMILIES = {
  // The critic words the same finding anew each time; the codes are arbitrary.
  'desk-codes': {
    domain: 'tickets',
    rules: 14,
    base: [0.05, 0.3],
    start: plainStart,
    critic: { plainly: false, style: 'bullets' },
    editor: { paraphrase: 0.3 },
  },
  // A long-winded start drowns every instruction; only a rewrite that drops most of it lets rules work.
  'rambling-start': {
    domain: 'contacts',
    base: [0.2, 0.5],
    start: ({ domain }, random) =>
      [
        domain.role,
        ...shuffled(random, RAMBLE).slice(0, 7),
        domain.format,
        ...shuffled(random, RAMBLE).slice(0, 2),
      ].join(' '),
    shape: (_, { filler }) => (filler > 4 ? 0.15 : filler > 2 ? 0.45 : 1),
    remark: (_, { filler }) =>
      filler > 2 ? 'Make the whole prompt shorter: drop what is no instruction and do not repeat yourself.' : undefined,
  },
  // The start says nearly everything in prose that the agent skips; the same rules as a table are honoured.
  'prose-to-table': {
    domain: 'tickets',
    rules: 12,
    base: [0.05, 0.25],
    table: true,
    start: (world, random) => `${plainStart(world)} ${sayAll(random, world.domain.rules.slice(0, 7)).join(' ')}`,
    shape: (_world, _sense, _rule, { table }) => (table ? 1 : 0.35),
    remark: (_, { rules }) =>
      rules.size > 2 && [...rules.values()].some(({ table }) => !table)
        ? 'Put all cases into one table with a row for each.'
        : undefined,
    editor: { shapes: [0.5, 0.3, 0.2] },
    dilution: { free: 16 },
  },
  // Conventions come in pairs that only work together, and one plausible rule cancels another.
  'pairs-and-rivals': {
    domain: 'invoices',
    base: [0.15, 0.45],
    start: plainStart,
    prepare: (world, random) => {
      const [strong, weak, ...rest] = shuffled(random, world.domain.rules);
      world.partners = new Map(rest.slice(0, 6).map((rule, index) => [rule, rest[index ^ 1]]));
      world.rival = new Map([[strong, weak]]);
    },
    shape: ({ partners, rival }, { rules }, rule) => {
      const alone = partners.has(rule) && !rules.get(partners.get(rule))?.right;
      return (alone ? 0.15 : 1) * (rival.has(rule) && rules.get(rival.get(rule))?.right ? 0.3 : 1);
    },
    critic: { json: false, style: 'prose', most: 3 },
    editor: { style: 'fence' },
  },
  // The start says first what happens to everything else, and what comes after that is mostly ignored.
  'fallback-first': {
    domain: 'incidents',
    base: [0.05, 0.3],
    start: ({ domain }) =>
      `${domain.role} Everything else belongs to class ${domain.fallback}, unless said otherwise. ${domain.format}`,
    shape: (_world, { fallbackAt }, _rule, { at }) => (fallbackAt >= 0 && at > fallbackAt ? 0.3 : 1),
    fallbackChance: ({ fallbackAt }) => (fallbackAt >= 0 ? 1 : 0.4),
    remark: (_, { fallbackAt, units }) =>
      fallbackAt >= 0 && fallbackAt < units - 2
        ? 'Move what holds for everything else to the very end, at the very end of the prompt.'
        : undefined,
  },
  // What is not said is done as well as what is said: advice changes nothing, or spoils answers.
  'nothing-to-gain': {
    domain: 'measures',
    base: [0.6, 0.85],
    start: plainStart,
    honour: 0,
    critic: { decoy: 0.35, skill: 0.6 },
  },
  // A fifth of the expected answers are wrong, and the agent fails at random.
  'bad-labels': {
    domain: 'tones',
    base: [0.1, 0.4],
    start: plainStart,
    mislabelled: 0.22,
    slip: 0.1,
    tasks: 150,
    critic: { style: 'numbers' },
  },
  // The agent honours what it is told in about half of the cases.
  'weak-will': { domain: 'contacts', base: [0.05, 0.3], start: plainStart, honour: 0.62, slip: 0.02, tasks: 130 },
  // Most of what matters is in the prompt; what is left is rare, and each further sentence weakens the others.
  'strong-start': {
    domain: 'tickets',
    rules: 14,
    base: [0.05, 0.3],
    dilution: { free: 13, rate: 0.03 },
    tasks: 150,
    start: (world, random) =>
      [plainStart(world), ...sayAll(random, world.domain.rules.slice(0, 7)).map((one) => `- ${one}`)].join('\n'),
    critic: { decoy: 0.2 },
  },
  // The start orders the wrong thing for most conventions, and to chat.
  'harmful-start': {
    domain: 'measures',
    base: [0.3, 0.6],
    start: ({ domain }, random) =>
      [
        domain.role,
        ...sayAll(
          random,
          domain.rules.filter((_, index) => index % 2 === 0),
          (rule) => wrongOption(rule, random),
        ),
        DECOYS[1].text,
      ].join(' '),
  },
  // No prompt at all: role, format and conventions have to be found.
  'empty-start': {
    domain: 'fees',
    base: [0.15, 0.5],
    needsFormat: true,
    start: () => '',
    critic: { json: false, style: 'bullets' },
    editor: { style: 'bare' },
  },
  // Each convention is ordered both ways.
  'torn-start': {
    domain: 'replies',
    base: [0.1, 0.3],
    honour: 0.93,
    start: (world, random) => {
      const torn = world.domain.rules.filter((_, index) => index % 3 !== 2);
      return [
        plainStart(world),
        ...shuffled(random, [...sayAll(random, torn), ...sayAll(random, torn, (rule) => wrongOption(rule, random))]),
      ].join(' ');
    },
  },
  // A German prompt for English work: the answers come in German as well.
  'german-start': {
    domain: 'incidents',
    base: [0.25, 0.55],
    needsEnglish: true,
    start: (_, random) => shuffled(random, GERMAN).slice(0, 3).join(' '),
  },
  // Twenty rare rules, none of which matters much.
  'long-tail': {
    domain: 'tickets',
    rules: 20,
    zipf: 0.15,
    base: [0.05, 0.35],
    dilution: { free: 14, rate: 0.012 },
    tasks: 150,
    start: plainStart,
    critic: { most: 3 },
    editor: { shapes: [0.8, 0.1, 0.1] },
  },
  // Sound advice that spoils answers comes as often as good advice.
  decoys: {
    domain: 'tones',
    base: [0.1, 0.4],
    start: plainStart,
    decoyHarm: 1.2,
    critic: { decoy: 0.7, skill: 0.7, plainly: false },
  },
  // The critic is right a third of the time, and as sure when it is wrong.
  'coin-critic': {
    domain: 'replies',
    base: [0.15, 0.4],
    start: plainStart,
    critic: { skill: 0.33, load: 0, plainly: false },
    editor: { paraphrase: 0.2 },
  },
  // The critic sees a rule only in several failures of one kind in the same request.
  'slow-insight': {
    domain: 'fees',
    base: [0.1, 0.4],
    start: plainStart,
    critic: { least: 2, load: 0.01, style: 'terse' },
  },
  // An editor that words everything anew and loses sentences, and answers in a fence whatever it is asked.
  'lossy-editor': {
    domain: 'incidents',
    base: [0.05, 0.35],
    start: (world) => `${plainStart(world)} ${VAGUE[2]}`,
    critic: { json: false, style: 'numbers' },
    editor: { drop: 0.13, paraphrase: 0.7, style: 'fence' },
  },
};
