import { hashOf } from '../../core/json.ts';
import { createRandom, type Random } from '../../core/random.ts';
import { DECOYS, PLATITUDES } from './advice.ts';
import { findIds } from './reading.ts';
import type { Rule } from './rules.ts';
import { SCOPES } from './scopes.ts';
import { type Clause, readClauses, type Statement, sentence, statementKey, wordStatement } from './statements.ts';
import { behaviourOf, scopeOf } from './tasks.ts';
import type { World } from './world.ts';

/** One piece of advice, with what it was read from. */
export type Finding = {
  readonly operation: 'add' | 'replace';
  readonly text: string;
  readonly cause: string;
  /** Names of rollouts or examples as the request gave them. */
  readonly evidence: readonly string[];
  /** The clause of the prompt that it replaces; '' for an addition. */
  readonly target: string;
};

const MOST_FINDINGS = 5;
const VAGUE_SHARE = 0.12;
const GENERAL_SHARE = 0.08;
const WRONG_SHARE = 0.5;
const EMPTY_SHARE = 0.3;

/**
 * The critic's skill. It can only name rules whose symptoms stand literally in the text; the argument of a rule is
 * certain only where a correct form stands there too. With more examples it gets worse, with repetition better.
 */
export function criticise(world: World, text: string, prompt: string, sample: number): readonly Finding[] {
  const random = createRandom('simulated', world.family, world.seed, 'critic', hashOf(text), sample);
  const clauses = readClauses(prompt);
  const stated = new Set(clauses.flatMap(({ statements }) => statements.map(statementKey)));
  const ids = findIds(text);
  const examples = exampleStarts(text);
  const load = 1 + world.values.load * Math.max(0, examples.length - 3);
  const seen = world.rules.map((rule) => ({ rule, places: symptomPlaces(rule, text, examples) }));
  const findings: Finding[] = [];
  for (const { rule, places } of random.shuffle(seen.filter((symptom) => symptom.places.length > 0))) {
    if (findings.length >= MOST_FINDINGS) break;
    if (stated.has(`${rule.scope}/${rule.behaviour}/${rule.argument}`) && random.next() < 0.8) continue;
    const skill = 1 - (1 - world.values.critic / load) ** Math.min(3, places.length);
    const right = random.next() < skill;
    if (!right && random.next() >= WRONG_SHARE) continue;
    const advice = right ? nearAdvice(rule, isFormShown(rule, text), random) : wrongAdvice(rule, random);
    const target = typeof advice === 'string' ? undefined : findContradicted(clauses, advice);
    findings.push({
      operation: target === undefined ? 'add' : 'replace',
      text: typeof advice === 'string' ? advice : wordStatement(advice, random, world.values.freeWording),
      cause: sentence(
        `${scopeOf(rule.scope)?.label ?? ''}: ${random.pick(behaviourOf(rule.behaviour)?.complaints ?? ['unclear'])}`,
      ),
      evidence: cite(world, places, ids, random),
      target: target === undefined ? '' : nameOf(target, prompt),
    });
  }
  if (findings.length === 0 && random.next() >= EMPTY_SHARE) findings.push(genericFinding(random));
  return findings;
}

/** Where examples of this world begin; the distance between two tells which symptoms belong together. */
function exampleStarts(text: string): number[] {
  const starts: number[] = [];
  let previous = '';
  for (const match of text.matchAll(/this is ([^,\n]{3,40}), order (\d{5})\b/g)) {
    const name = `${match[1]}${match[2]}`;
    if (name !== previous) starts.push(match.index);
    previous = name;
  }
  return starts;
}

/** One place per example in which a symptom of the rule stands. */
function symptomPlaces(rule: Rule, text: string, examples: readonly number[]): number[] {
  const label = scopeOf(rule.scope)?.label ?? '';
  const behaviour = behaviourOf(rule.behaviour);
  const phrases = [...(behaviour?.symptoms ?? []), ...(behaviour?.complaints ?? [])];
  const byExample = new Map<number, number>();
  for (const phrase of phrases) {
    const wanted = `${label}: ${phrase}`;
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
      byExample.set(
        examples.findLastIndex((start) => start < at),
        at,
      );
    }
  }
  return [...byExample.values()];
}

function isFormShown(rule: Rule, text: string): boolean {
  const form = behaviourOf(rule.behaviour)?.forms[rule.argument] ?? '';
  const escaped = form.replace(/[.*+?^$()|[\]\\/]/g, '\\$&').replace(/\{\w+\}/g, '[\\w./-]+(?: \\d+, \\d+)?');
  return new RegExp(`${scopeOf(rule.scope)?.label ?? ''}: ${escaped}`).test(text);
}

function nearAdvice(rule: Rule, certain: boolean, random: Random): Statement {
  const kind = random.next();
  const argument = certain || random.next() < 0.5 ? rule.argument : otherArgument(rule, random);
  return {
    scope: kind > 1 - GENERAL_SHARE ? null : rule.scope,
    behaviour: rule.behaviour,
    argument: kind < VAGUE_SHARE ? null : argument,
    negated: false,
  };
}

function otherArgument(rule: Rule, random: Random): string {
  const others = Object.keys(behaviourOf(rule.behaviour)?.forms ?? {}).filter((name) => name !== rule.argument);
  return random.pick(others);
}

/** Confident and wrong: another argument, another subject, harmful advice or a platitude. */
function wrongAdvice(rule: Rule, random: Random): Statement | string {
  const kind = random.next();
  const base = { scope: rule.scope, behaviour: rule.behaviour, argument: rule.argument, negated: false };
  if (kind < 0.3) return { ...base, argument: otherArgument(rule, random) };
  if (kind < 0.5) return { ...base, scope: random.pick(SCOPES.filter(({ id }) => id !== rule.scope)).id };
  return sentence(kind < 0.8 ? random.pick(random.pick(DECOYS).wordings) : random.pick(PLATITUDES));
}

function genericFinding(random: Random): Finding {
  const text = random.next() < 0.5 ? random.pick(PLATITUDES) : random.pick(random.pick(DECOYS).wordings);
  return {
    operation: 'add',
    text: sentence(text),
    cause: 'Nothing in particular stands out.',
    evidence: [],
    target: '',
  };
}

/** The clause that says the same with another argument. */
function findContradicted(clauses: readonly Clause[], advice: Statement): Clause | undefined {
  return clauses.find(({ statements }) =>
    statements.some(
      ({ scope, behaviour, argument }) =>
        scope === advice.scope && behaviour === advice.behaviour && argument !== null && argument !== advice.argument,
    ),
  );
}

/** How the request names a statement of the prompt: by the id before it, or by its words. */
function nameOf(clause: Clause, prompt: string): string {
  const line = prompt.split('\n').find((candidate) => candidate.includes(clause.text)) ?? '';
  return /^\s*[-*]?\s*[[(]?([a-z]{1,12}[-_]?\d{1,4})[\])]?[:.)]?\s/i.exec(line)?.[1] ?? clause.text;
}

function cite(
  world: World,
  places: readonly number[],
  ids: readonly { readonly id: string; readonly at: number }[],
  random: Random,
): string[] {
  if (ids.length === 0) return [];
  const cited = places.flatMap((place) => {
    const source = ids.findLast(({ at }) => at < place)?.id;
    return random.next() < world.values.cite && source !== undefined ? source : random.pick(ids).id;
  });
  return [...new Set(cited)];
}
