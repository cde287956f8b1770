import { PLACEHOLDER } from '../../core/privacy/detect.ts';

/** A failure as a text: what the grader said, and what went wrong. */
export type Failure = { readonly id: string; readonly score: number; readonly text: string };

export type FailureGroup = {
  /** Its most telling words, joined by hyphens; `other` for what resembles nothing else. */
  readonly name: string;
  readonly terms: readonly string[];
  readonly members: readonly Failure[];
};

/** Share of a failure's words, by weight, that have to stand in a group for it to belong there. */
const LIKENESS = 0.35;
const NAME_WORDS = 3;

/**
 * Puts failures with similar words together. Rare words weigh more than frequent ones (inverse document frequency), so
 * that what all reasons have in common does not join them. Deterministic, and independent of the order of the input:
 * the worst failures found groups first. No model is asked; two wordings of one cause stay apart.
 */
export function groupFailures(failures: readonly Failure[]): readonly FailureGroup[] {
  const sorted = failures.toSorted((a, b) => a.score - b.score || compare(a.id, b.id));
  const documents = sorted.map((failure) => ({ failure, words: wordsOf(failure.text) }));
  const weights = weightsOf(documents.map(({ words }) => words));
  const groups: Group[] = [];
  const byWord = new Map<string, Set<Group>>();
  for (const { failure, words } of documents) {
    const group = nearest(words, byWord, weights) ?? newGroup(groups);
    group.members.push(failure);
    for (const word of words) {
      group.counts.set(word, (group.counts.get(word) ?? 0) + 1);
      byWord.set(word, (byWord.get(word) ?? new Set()).add(group));
    }
  }
  return named(groups, weights);
}

/** What a failure was about, beside what went wrong. */
export type Subject = { readonly category: string | null; readonly question: string };

/** A group that is divided further has at least so many members. */
const LARGE = 10;

/**
 * Divides large groups whose texts are all the same ("differs from the expected answer"), and so say nothing, by what was
 * asked: by category where the tasks have several, else by the words of the questions.
 */
export function divideBySubject(
  groups: readonly FailureGroup[],
  subjectOf: (id: string) => Subject,
): readonly FailureGroup[] {
  return groups.flatMap((group) => {
    const { name, members } = group;
    if (members.length < LARGE || name === 'other') return [group];
    if (members.some(({ text }) => text !== members[0]?.text)) return [group];
    const parts = byCategory(members, subjectOf) ?? byQuestion(members, subjectOf);
    if (parts.length < 2) return [group];
    const divided = parts.map((part) => ({ ...part, name: `${name}-${part.name}` }));
    return divided.toSorted((a, b) => b.members.length - a.members.length);
  });
}

function byCategory(
  members: readonly Failure[],
  subjectOf: (id: string) => Subject,
): readonly FailureGroup[] | undefined {
  const parts = new Map<string, Failure[]>();
  for (const member of members) {
    const category = subjectOf(member.id).category ?? '';
    parts.set(category, [...(parts.get(category) ?? []), member]);
  }
  if (parts.size < 2 || parts.has('')) return undefined;
  return [...parts].map(([category, of]) => ({ name: category, terms: [category], members: of }));
}

function byQuestion(members: readonly Failure[], subjectOf: (id: string) => Subject): readonly FailureGroup[] {
  const whole = new Map(members.map((member) => [member.id, member]));
  const questions = members.map(({ id, score }) => ({ id, score, text: subjectOf(id).question }));
  return groupFailures(questions).map((part) => ({
    ...part,
    members: part.members.flatMap(({ id }) => whole.get(id) ?? []),
  }));
}

type Group = { readonly order: number; readonly members: Failure[]; readonly counts: Map<string, number> };
type Weights = ReadonlyMap<string, number>;

function newGroup(groups: Group[]): Group {
  const group: Group = { order: groups.length, members: [], counts: new Map() };
  groups.push(group);
  return group;
}

function nearest(
  words: ReadonlySet<string>,
  byWord: ReadonlyMap<string, ReadonlySet<Group>>,
  weights: Weights,
): Group | undefined {
  const shared = new Map<Group, number>();
  let total = 0;
  for (const word of words) {
    const weight = weights.get(word) ?? 0;
    total += weight;
    for (const group of byWord.get(word) ?? []) {
      // A word counts as much as it is common in the group.
      const share = (group.counts.get(word) ?? 0) / group.members.length;
      shared.set(group, (shared.get(group) ?? 0) + weight * share);
    }
  }
  let best: Group | undefined;
  let bestLikeness = LIKENESS;
  for (const [group, sum] of shared) {
    const likeness = total === 0 ? 0 : sum / total;
    if (likeness > bestLikeness || (likeness === bestLikeness && best !== undefined && group.order < best.order)) {
      best = group;
      bestLikeness = likeness;
    }
  }
  return best;
}

function named(groups: readonly Group[], weights: Weights): readonly FailureGroup[] {
  const used = new Set<string>(['other']);
  const large = groups
    .filter(({ members }) => members.length > 1)
    .toSorted((a, b) => b.members.length - a.members.length || a.order - b.order);
  const single = groups.filter(({ members }) => members.length === 1).flatMap(({ members }) => members);
  const result = large.map(({ members, counts }): FailureGroup => {
    const terms = [...counts]
      .map(([word, count]) => ({ word, value: count * (weights.get(word) ?? 0) }))
      .sort((a, b) => b.value - a.value || compare(a.word, b.word))
      .slice(0, NAME_WORDS)
      .map(({ word }) => word);
    return { name: unused(terms.join('-') || 'no-reason', used), terms, members };
  });
  return single.length === 0 ? result : [...result, { name: 'other', terms: [], members: single }];
}

function unused(name: string, used: Set<string>): string {
  let free = name;
  for (let number = 2; used.has(free); number++) free = `${name}-${number}`;
  used.add(free);
  return free;
}

/** Smoothed inverse document frequency: a word of every text still counts a little. */
function weightsOf(documents: readonly ReadonlySet<string>[]): Weights {
  const counts = new Map<string, number>();
  for (const words of documents) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].map(([word, count]) => [word, Math.log(1 + documents.length / count)]));
}

/** Words of three letters and more; numbers and quoted data tell one failure from the next, not kinds of failure. */
function wordsOf(text: string): ReadonlySet<string> {
  const words =
    text
      .replace(PLACEHOLDER, ' ')
      .toLowerCase()
      .match(/\p{L}[\p{L}_]{2,30}/gu) ?? [];
  return new Set(words.filter((word) => !STOP_WORDS.has(word)).slice(0, 200));
}

const STOP_WORDS = new Set(
  'the and for are was were has have had not but with that this from its his her their they you your does did doing been being will would should could can may also than then them there here which what when where who whom why how all any each more most other some such only own same too very into onto over under about after before between because while answer response expected'.split(
    ' ',
  ),
);

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
