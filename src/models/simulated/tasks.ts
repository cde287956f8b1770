import type { Random } from '../../core/random.ts';
import type { Difficulty } from '../../core/task.ts';
import { BEHAVIOURS, type Behaviour } from './behaviours.ts';
import type { Rule } from './rules.ts';
import { SCOPES, type Scope } from './scopes.ts';

export type SimulatedTask = {
  readonly id: string;
  readonly input: string;
  readonly expected: string;
  /** Indices of the rules that a correct answer follows, in the order of the answer. */
  readonly needs: readonly number[];
  /** One per need, in the same order: the sentence of a correct answer. */
  readonly sentences: readonly string[];
  readonly name: string;
  readonly category: string;
  readonly difficulty: Difficulty;
};

const NEED_COUNTS = [0, 1, 1, 1, 1, 2, 2, 2, 3, 3];
const FIRST_NAMES =
  'Mara Jonas Aylin Piotr Chiara Hugo Nadia Oskar Leila Tomas Ines Bruno Greta Samir Edith Pavel Ruth Anders Noor Felix'.split(
    ' ',
  );
const LAST_NAMES =
  'Lindt Okafor Berger Novak Rossi Tanaka Duarte Iversen Haddad Moreau Quist Varga Petit Silva Bauer Keller Olsen Reyes'.split(
    ' ',
  );
const ASKS = ['It is about {n}.', 'I have a question on {n}.', 'I am writing because of {n}.', 'This concerns {n}.'];
const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** Draws a task that needs 0 to 3 rules of different scopes; frequent rules are needed more often. */
export function drawTask(rules: readonly Rule[], random: Random, id: string): SimulatedTask {
  const count = random.pick(NEED_COUNTS);
  const needs: number[] = [];
  while (needs.length < count) {
    const index = pickWeighted(rules, random);
    if (!needs.some((other) => rules[other]?.scope === rules[index]?.scope)) needs.push(index);
  }
  const order = String(10000 + random.integer(90000));
  const name = `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
  const facts = drawFacts(order, random);
  const parts = needs.flatMap((index) => {
    const rule = rules[index];
    const scope = scopeOf(rule?.scope);
    const behaviour = behaviourOf(rule?.behaviour);
    if (rule === undefined || scope === undefined || behaviour === undefined) return [];
    const ask = `${random.pick(ASKS).replace('{n}', random.pick(scope.nouns))} ${behaviour.cue}`;
    return [{ ask, scope, good: `${scope.label}: ${fill(behaviour.forms[rule.argument] ?? '', facts)}.` }];
  });
  const plain = random.pick(SCOPES);
  const asks =
    parts.length === 0 ? [`Just a note on ${random.pick(plain.nouns)}, no reply needed.`] : parts.map(({ ask }) => ask);
  return {
    id,
    input: `Hello, this is ${name}, order ${order}. ${asks.join(' ')}`,
    expected: [`Hello ${name}.`, ...parts.map(({ good }) => good), ...(parts.length === 0 ? ['Noted.'] : [])].join(' '),
    needs,
    sentences: parts.map(({ good }) => good),
    name,
    category: (parts[0]?.scope ?? plain).category,
    difficulty: needs.length <= 1 ? 'easy' : needs.length === 2 ? 'medium' : 'hard',
  };
}

function pickWeighted(rules: readonly Rule[], random: Random): number {
  let left = random.next() * rules.reduce((sum, { weight }) => sum + weight, 0);
  const index = rules.findIndex(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  return index < 0 ? rules.length - 1 : index;
}

type Facts = { readonly [name: string]: string };

function drawFacts(order: string, random: Random): Facts {
  const month = random.integer(12);
  const day = 1 + random.integer(28);
  const two = (value: number): string => String(value).padStart(2, '0');
  return {
    order,
    amount: String(12 + random.integer(400)),
    hour: String(8 + random.integer(11)),
    iso: `2026-${two(month + 1)}-${two(day)}`,
    dotted: `${two(day)}.${two(month + 1)}.2026`,
    long: `${MONTHS[month]} ${day}, 2026`,
    week: String(1 + Math.floor((month * 30.4 + day) / 7)),
  };
}

function fill(form: string, facts: Facts): string {
  return form.replace(/\{(\w+)\}/g, (_whole, name: string) => facts[name] ?? '');
}

export function scopeOf(id: string | undefined | null): Scope | undefined {
  return SCOPES.find((scope) => scope.id === id);
}

export function behaviourOf(id: string | undefined): Behaviour | undefined {
  return BEHAVIOURS.find((behaviour) => behaviour.id === id);
}
