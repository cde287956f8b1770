// What an agent reads in a prompt, how likely it then gets a task right, and what it answers.
import { hasAll, pick, randomOf, stemsOf, unitsOf } from './random.js';

/** Advice that sounds sensible and spoils answers; each is known by its stems. */
export const DECOYS = [
  {
    text: 'Explain your reasoning step by step before you give the answer.',
    keys: ['explain', 'reason'],
    harm: 0.5,
    as: 'Let me go through it step by step. So: ',
  },
  {
    text: 'Add a short friendly greeting so that people feel welcome.',
    keys: ['friendl', 'greet'],
    harm: 0.4,
    as: 'Hello and welcome! ',
  },
  {
    text: 'Restate the question in your own words first.',
    keys: ['restat', 'question'],
    harm: 0.35,
    as: 'You ask what applies here. It is ',
  },
  {
    text: 'Mention every alternative that might apply as well.',
    keys: ['mention', 'alternativ'],
    harm: 0.45,
    as: 'Among several alternatives: ',
  },
  { text: 'Say how confident you are in the answer.', keys: ['how', 'confident'], harm: 0.4, as: '80 percent sure: ' },
];
export const VAGUE = [
  'Read the whole task with care before answering.',
  'Be precise and consistent.',
  'Follow the conventions of the house.',
  'Pay attention to every detail of the input.',
  'Make sure that the result is what the reader expects.',
  'Consider the context before you decide.',
];
const FOREIGN = /\b(?:der|die|das|und|nicht|bitte|ist|sie|eine?|immer|antworte|wird)\b/gi;
const FALLBACK = /\b(?:everything else|all other|anything else goes|no other case)\b/i;
const ROLE = /^(?:you (?:are|sort|register|label|book|turn|read|answer|work)|act as)\b/i;

const cacheOf = new WeakMap();

/** What one sentence says: { rules: [{ rule, option | undefined }], decoy, role, format, fallback, foreign, table }. */
export function senseOf(world, text) {
  const stems = new Set(stemsOf(text));
  const scopes = (world.domain.scopes ?? []).filter((scope) => scope.phrases.some((phrase) => hasAll(stems, phrase)));
  const rules = [];
  for (const rule of world.domain.rules) {
    // Without a scope a sentence is about all of them.
    if (scopes.length > 0 && !scopes.includes(rule.scope)) continue;
    if (!rule.phrases.some((phrase) => hasAll(stems, phrase))) continue;
    const said = rule.options.flatMap((option, index) =>
      option.phrases.some((one) => hasAll(stems, one)) ? [index] : [],
    );
    rules.push({ rule, option: said.includes(rule.right) ? rule.right : said[0] });
  }
  return {
    rules,
    decoy: DECOYS.find(({ keys }) => hasAll(stems, keys)),
    role: ROLE.test(text),
    format: /\b(?:only|nothing else|nothing but|separated by)\b/i.test(text) && rules.length === 0,
    fallback: FALLBACK.test(text),
    foreign: (text.match(FOREIGN) ?? []).length > 1,
    table: text.startsWith('|'),
  };
}

/** The whole prompt as the agent understands it. */
export function readPrompt(world, prompt) {
  const cache = cacheOf.get(world) ?? new Map();
  cacheOf.set(world, cache);
  const known = cache.get(prompt);
  if (known !== undefined) return known;
  const sense = {
    rules: new Map(),
    decoys: new Set(),
    units: 0,
    filler: 0,
    foreign: 0,
    role: false,
    format: false,
    fallbackAt: -1,
  };
  unitsOf(prompt).forEach(({ text, raw }, at) => {
    if (raw.startsWith('#') || /^\|\s*(?:case|-)/i.test(text)) return;
    const one = senseOf(world, text);
    sense.units++;
    if (one.foreign) sense.foreign++;
    if (one.role && at === 0) sense.role = true;
    if (one.format) sense.format = true;
    if (one.fallback && sense.fallbackAt < 0) sense.fallbackAt = at;
    if (one.decoy) sense.decoys.add(one.decoy);
    for (const { rule, option } of one.rules) {
      const state = sense.rules.get(rule) ?? { right: false, wrong: undefined, at, table: false };
      if (option === rule.right) Object.assign(state, { right: true, at, table: state.table || one.table });
      else if (option !== undefined) state.wrong = option;
      sense.rules.set(rule, state);
    }
    if (one.rules.length === 0 && !one.role && !one.format && !one.fallback && !one.decoy) sense.filler++;
  });
  sense.key = JSON.stringify([
    [...sense.rules]
      .map(([rule, state]) => [rule.id, state.right, state.wrong, state.table, state.at > sense.fallbackAt])
      .sort(),
    [...sense.decoys].map(({ text }) => text).sort(),
    [sense.units, sense.filler, sense.foreign, sense.role, sense.format, sense.fallbackAt >= 0],
  ]);
  cache.set(prompt, sense);
  return sense;
}

/** @returns the probability that the agent applies the rule under this prompt. */
export function chanceOf(world, sense, rule) {
  const state = sense.rules.get(rule);
  if (state === undefined) return rule.base;
  if (!state.right) return state.wrong === undefined ? Math.min(0.9, rule.base + 0.08) : 0.02;
  const { free = 10, rate = 0.025, floor = 0.45 } = world.dilution ?? {};
  const thin = Math.max(floor, 1 - rate * Math.max(0, sense.units - free));
  const shape = world.shape?.(world, sense, rule, state) ?? 1;
  const honoured = (world.honour ?? 0.95) * thin * shape * (state.wrong === undefined ? 1 : 0.5);
  return rule.base + Math.max(0, honoured - rule.base);
}

/** @returns the probability that the answer as a whole is spoiled, whatever was applied. */
export function spoilOf(world, sense) {
  let clean = 1 - (world.slip ?? 0.03);
  for (const { harm } of sense.decoys) clean *= 1 - harm * (world.decoyHarm ?? 1) * (sense.format ? 1 : 1.2);
  if (world.needsFormat && !sense.format) clean *= 0.25;
  if (world.needsEnglish) clean *= 1 - 0.75 * (sense.units === 0 ? 0 : sense.foreign / sense.units);
  return 1 - Math.max(0, clean);
}

const wrongOf = (sense, rule) => sense.rules.get(rule)?.wrong ?? rule.wrong;

export function answerOf(world, prompt, task, seed) {
  const sense = readPrompt(world, prompt);
  const random = randomOf('agent', world.key, sense.key, task.id, seed);
  const applied = new Map(task.needs.map((rule) => [rule, random() < chanceOf(world, sense, rule)]));
  const spoiled = random() < spoilOf(world, sense);
  const lost = task.needs.length === 0 && random() >= (world.fallbackChance?.(sense) ?? 1);
  const answer = lost
    ? pick(random, world.domain.codes)
    : task.answer((rule) => (applied.get(rule) ? rule.right : wrongOf(sense, rule)));
  if (!spoiled) return answer;
  if (sense.foreign > 0 && world.needsEnglish) return `Die Antwort lautet vermutlich ${answer}`;
  const decoys = [...sense.decoys];
  if (decoys.length > 0) return pick(random, decoys).as + answer;
  return world.needsFormat && !sense.format
    ? `I believe the result here should be ${answer}, hope that helps`
    : 'I am not sure about this one';
}

/** The expected accuracy of a prompt on the hidden test tasks. */
export function exactOf(world, prompt) {
  const sense = readPrompt(world, prompt);
  const clean = 1 - spoilOf(world, sense);
  const scores = world.hidden.map((task) => {
    let hit = 0;
    const truth = task.answer((rule) => rule.right);
    for (let mask = 0; mask < 1 << task.needs.length; mask++) {
      const applied = task.needs.map((_, index) => (mask >> index) % 2 === 1);
      const answer = task.answer((rule) => (applied[task.needs.indexOf(rule)] ? rule.right : wrongOf(sense, rule)));
      if (answer !== truth) continue;
      hit += task.needs.reduce(
        (p, rule, index) => p * (applied[index] ? chanceOf(world, sense, rule) : 1 - chanceOf(world, sense, rule)),
        1,
      );
    }
    const fallback = task.needs.length === 0 ? (world.fallbackChance?.(sense) ?? 1) : 1;
    return clean * hit * fallback;
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}
