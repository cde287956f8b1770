import type { Random } from '../../core/random.ts';
import { BEHAVIOURS } from './behaviours.ts';
import type { Family, WorldValues } from './families.ts';
import { SCOPES } from './scopes.ts';

/** A hidden rule. Answers to tasks that need it must show its form. */
export type Rule = {
  readonly scope: string;
  readonly behaviour: string;
  readonly argument: string;
  /** Relative frequency among tasks. */
  readonly weight: number;
  readonly unstated: number;
  readonly stated: number;
  /** Index of the rule whose statement must be there too, or must come before; null for none. */
  readonly needs: number | null;
  readonly after: number | null;
};

export function within(range: readonly number[], random: Random): number {
  const [low = 0, high = low] = range;
  return low + random.next() * (high - low);
}

/** Draws the hidden rules: scope, behaviour and argument differ per world, and so do frequencies and chances. */
export function drawRules(family: Family, values: WorldValues, random: Random): Rule[] {
  const count = Math.round(values.rules);
  // All scopes and behaviours come up before any comes up again, in orders that drift apart.
  const scopes = [...random.shuffle(SCOPES), ...random.shuffle(SCOPES)].slice(0, count);
  const behaviours = random.shuffle(BEHAVIOURS);
  const taken = new Set<string>();
  return scopes.map(({ id: scope }, index) => {
    const turn = [...behaviours.slice(index % behaviours.length), ...behaviours];
    const behaviour = turn.find(({ id }) => !taken.has(`${scope}/${id}`)) ?? random.pick(behaviours);
    taken.add(`${scope}/${behaviour.id}`);
    // Zipf ranks follow the order of drawing, so that the partner of a rule is about as frequent as the rule.
    const partner = index % 2 === 0 ? index + 1 : index - 1;
    const paired = partner < count;
    return {
      scope,
      behaviour: behaviour.id,
      argument: random.pick(Object.keys(behaviour.forms)),
      weight: (index + 1) ** -values.zipf,
      unstated: within(family.unstated, random),
      stated: values.stated,
      needs: paired && random.next() < values.synergy ? partner : null,
      after: paired && index % 2 === 1 && random.next() < values.order * 2 ? partner : null,
    };
  });
}
