// Makes a domain concrete: which option of each convention is the right one, and tasks that need some of the conventions.
// rule: { id, cases, options: [{ forms }], right, wrong, base, say(random, option) }
// task: { id, input, needs: [rule], answer(optionOf) }
import { LABELS } from './labels.js';
import { between, capital, pick, shuffled, stemsOf, whole } from './random.js';
import { RECORDS } from './records.js';

const FRAMES = {
  label: [
    'For {case}, {act}.',
    'If it is about {case}, {act}.',
    '{case}: {act}.',
    'Whenever {case} come up, {act}.',
    'In the matter of {case}, {act}.',
  ],
  record: ['{act}.', 'Always {act}.', 'House style: {act}.', '{act}, without exception.'],
};

export function createDomain(name, random, { rules: count = 99, base = [0.05, 0.4], zipf = 0.7 } = {}) {
  const spec = { zipf, ...(LABELS[name] ?? RECORDS[name]) };
  const isLabel = name in LABELS;
  for (const scope of spec.scopes ?? []) scope.phrases = scope.names.map(stemsOf);
  const built = isLabel ? labelRules(spec, random, count) : recordRules(spec, random);
  const frames = isLabel ? FRAMES.label : FRAMES.record;
  for (const rule of built) {
    rule.base = between(random, ...base);
    rule.phrases = rule.cases.map(stemsOf);
    for (const option of rule.options) option.phrases = option.forms.map(stemsOf);
    // `plain` is the wording that a model would use again and again; otherwise each call finds another one.
    // `general` leaves out for whom it holds.
    rule.say = (draw, option = rule.right, plain = false, general = false) => {
      const choose = (list) => (plain ? list[0] : pick(draw, list));
      const scope = rule.scope === undefined || general ? '' : ` for ${choose(rule.scope.names)}`;
      const fill = (text, v) => text.replace('{case}', choose(rule.cases) + scope).replace('{v}', v);
      const act = fill(choose(spec.acts), choose(rule.options[option].forms));
      return capital(fill(choose(frames).replace('{act}', act), ''));
    };
  }
  const task = isLabel ? labelTask : recordTask;
  return { ...spec, isLabel, rules: built, task: (draw, id) => ({ id, ...task(spec, built, draw, id) }) };
}

function labelRules(spec, random, count) {
  const options = [...spec.codes, spec.fallback].map((code) => ({ forms: [code], make: () => code }));
  const codes = shuffled(random, spec.codes);
  const last = options.length - 1;
  return shuffled(random, spec.topics)
    .slice(0, count)
    .map((topic, index) => ({
      ...topic,
      options,
      right: spec.codes.indexOf(codes[index]),
      wrong: random() < 0.7 ? last : spec.codes.indexOf(codes[(index + 1) % codes.length]),
    }));
}

/** Each convention for each kind of sender on its own: what is right for one may be wrong for the other. */
function recordRules(spec, random) {
  return spec.scopes.flatMap((scope) =>
    spec.slots.map((slot) => {
      const [right, wrong] = shuffled(random, [0, 1, 2]);
      const options = slot.options.map((option) => ({ ...option }));
      return { ...slot, id: `${slot.id} ${scope.mark}`, slot: slot.id, scope, options, right, wrong };
    }),
  );
}

function labelTask(spec, rules, random, id) {
  const weights = rules.map((_, index) => 1 / (index + 2) ** spec.zipf);
  const sums = weights.map((_, index) => weights.slice(0, index + 1).reduce((sum, weight) => sum + weight, 0));
  const drawn = random() * sums.at(-1);
  const rule = rules[sums.findIndex((sum) => sum > drawn)];
  const none = random() < 0.12;
  const middle = none ? 'I only wanted to tell you that the new catalogue came.' : pick(random, rule.texts);
  const [first, last] = shuffled(random, spec.fillers);
  const input = `${spec.noun} ${id}: ${random() < 0.5 ? `${first} ${middle}` : `${middle} ${last}`}`;
  const needs = none ? [] : [rule];
  return { input, needs, answer: (optionOf) => (none ? spec.fallback : rule.options[optionOf(rule)].make()) };
}

function recordTask(spec, rules, random, id) {
  const scope = pick(random, spec.scopes);
  const wanted = spec.ask(random, spec.slots).map(({ id: name }) => name);
  const order = spec.chain ? spec.slots.map((slot) => slot.id).filter((name) => wanted.includes(name)) : wanted;
  const needs = order.map((name) => rules.find((rule) => rule.slot === name && rule.scope === scope));
  const data = spec.data(random);
  const answer = (optionOf) => {
    const makes = needs.map((rule) => rule.options[optionOf(rule)].make);
    if (!spec.chain) return spec.join(makes.map((make) => make(data)));
    const [start, ...rest] = makes;
    return String(Number(rest.reduce((fee, make) => make(fee), start(data)).toFixed(2)));
  };
  return { input: `${scope.mark}, no. ${id}${whole(random, 10, 99)}. ${spec.input(data, needs)}`, needs, answer };
}
