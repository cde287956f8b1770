// Held-out worlds of the third examiner, who has read what is wanted of an optimizer and none of its code.

import { advise } from './third/advisers.js';
import { createDomain } from './third/domain.js';
import { FAMILIES } from './third/families.js';
import { answerOf, exactOf } from './third/meaning.js';
import { randomOf } from './third/random.js';
import { plain } from './third/request.js';

export const families = Object.keys(FAMILIES);

export function createWorld(family, seed) {
  const settings = FAMILIES[family];
  const random = randomOf('world', family, seed);
  const world = { key: `${family} ${seed}`, critic: {}, editor: {}, ...settings };
  world.domain = createDomain(settings.domain, random, settings);
  world.prepare?.(world, random);
  const make = (count, first, name) => {
    const draw = randomOf(name, family, seed);
    return Array.from({ length: count }, (_, index) => world.domain.task(draw, first + index * 7));
  };
  world.hidden = make(300, 5001, 'hidden');
  const mislabel = randomOf('labels', family, seed);
  world.tasks = make(settings.tasks ?? 110, 1003, 'tasks').map((task) =>
    visible(task, mislabel, settings.mislabelled ?? 0),
  );
  world.startPrompt = settings.start(world, random);
  world.oracle = settings.oracle?.(world, random) ?? oracleOf(world, random);
  const byHead = world.tasks.map((task) => ({ task, head: task.head }));
  return {
    startPrompt: world.startPrompt,
    oracle: world.oracle,
    tasks: world.tasks.map(({ id, input, expected, needs }) => ({
      id: `t${id}`,
      input,
      expected,
      category: needs[0]?.id ?? 'other',
    })),
    exact: (prompt) => exactOf(world, prompt),
    reply({ role, messages, asked }) {
      if (role !== 'agent') return advise(world, role, messages, asked);
      const text = messages.map(({ content }) => content).join('\n');
      const found = byHead.filter(({ head }) => text.includes(head)).at(-1);
      if (found === undefined) return 'I see no task.';
      const system = messages.filter(({ role: by }) => by === 'system' || by === 'developer');
      const prompt = system.length > 0 ? system.map(({ content }) => content).join('\n') : text.split(found.head)[0];
      return answerOf(world, prompt, found.task, asked.seed);
    },
  };
}

/** A task as the trainer sees it, with every answer that it can get and what each of them does wrong. */
function visible(task, random, mislabelled) {
  const truth = task.answer((rule) => rule.right);
  const noise = new Map();
  if (random() < mislabelled && task.needs.length > 0) {
    const rule = task.needs[Math.floor(random() * task.needs.length)];
    const others = rule.options.map((_, index) => index).filter((index) => index !== rule.right);
    noise.set(rule, others[Math.floor(random() * others.length)]);
  }
  const wanted = (rule) => noise.get(rule) ?? rule.right;
  const expected = task.answer(wanted);
  let possible = [new Map()];
  for (const rule of task.needs)
    possible = possible.flatMap((one) => rule.options.map((_, option) => new Map(one).set(rule, option)));
  return {
    ...task,
    truth,
    expected,
    head: task.input.slice(0, 70),
    possible: possible.map((chosen) => ({
      form: plain(task.answer((rule) => chosen.get(rule))),
      wrong: task.needs.flatMap((rule) => (chosen.get(rule) === wanted(rule) ? [] : [{ rule, option: wanted(rule) }])),
    })),
  };
}

function oracleOf({ domain, table }, random) {
  const rules = domain.rules.map((rule) =>
    table ? `| ${rule.cases[0]} | ${rule.options[rule.right].forms[0]} |` : `- ${rule.say(random, rule.right, true)}`,
  );
  const last = domain.isLabel ? [`- Everything else: ${domain.fallback}.`] : [];
  return [domain.role, domain.format, ...rules, ...last].join('\n');
}
