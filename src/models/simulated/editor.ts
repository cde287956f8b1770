import { hashOf } from '../../core/json.ts';
import { placeholdersOf } from '../../core/prompt.ts';
import { createRandom, type Random } from '../../core/random.ts';
import { OPENINGS } from './advice.ts';
import { criticise } from './critic.ts';
import { type Block, findPrompt } from './reading.ts';
import { SCOPES } from './scopes.ts';
import {
  type Clause,
  isAdvice,
  readClause,
  readClauses,
  splitClauses,
  statementKey,
  wordStatement,
} from './statements.ts';
import type { World } from './world.ts';

/** How freely an editor works: what it loses and what it applies. */
type Care = { readonly applies: number; readonly drops: number; readonly weakens: number; readonly rewords: number };

const REWRITE: Care = { applies: 0.9, drops: 0.06, weakens: 0.03, rewords: 0.3 };
const MINIMAL: Care = { applies: 0.92, drops: 0.01, weakens: 0.1, rewords: 0 };
const PARAPHRASE: Care = { applies: 0, drops: 0.03, weakens: 0.02, rewords: 0.9 };
const NEW_OPENING = 0.6;
const REPLACES_CONTRADICTED = 0.7;

const ASKS_FOR_ONE =
  /\b(?:ONE|one|single|only the most (?:important|critical))\b[^.\n]{0,30}\b(?:point|issue|change|critique|edit|problem)/;
const ASKS_FOR_LITTLE =
  /minimal|conservative|smallest|as little as possible|close (?:in|to) |keep (?:everything else|the rest)|targeted edit|word for word/i;
const ASKS_FOR_PARAPHRASE = /paraphras|variation of|rephrase|keeping the (?:semantic )?meaning|same meaning/i;

/**
 * The editor's skill: takes the prompt out of the request, applies the advice that stands beside it, or, where there are
 * only examples, reads them as a critic first. It loses and weakens statements at known rates.
 */
export function editPrompt(world: World, text: string, sample: number): string {
  const random = createRandom('simulated', world.family, world.seed, 'editor', hashOf(text), sample);
  const found = findPrompt(text);
  const prompt = found?.text ?? '';
  const paraphrase = ASKS_FOR_PARAPHRASE.test(text);
  const one = ASKS_FOR_ONE.test(text);
  const care = paraphrase ? PARAPHRASE : one || ASKS_FOR_LITTLE.test(text) ? MINIMAL : REWRITE;
  const advice = paraphrase ? [] : adviceIn(world, text, found, prompt, sample);
  const chosen = one ? random.shuffle(advice).slice(0, 1) : advice;
  const applied = chosen.filter(() => random.next() < care.applies);
  const kept = keepClauses(world, prompt, applied, care, random);
  const known = new Set(kept.flatMap(({ clause }) => clause.statements.map(statementKey)));
  const added = applied
    .filter(
      ({ statements }) =>
        statements.length === 0 || statements.some((statement) => !known.has(statementKey(statement))),
    )
    .map((clause) => (random.next() < care.weakens ? weaken(world, clause, random) : clause.text))
    .filter((line, index, lines) => lines.indexOf(line) === index && !prompt.includes(line));
  return layOut(kept, added, care === REWRITE ? random : undefined);
}

/** Agents answer "Privacy: we offer free shipping.": that a rollout said so is no advice to say so. */
const RECORDED_ANSWER = new RegExp(`^(?:${SCOPES.map(({ label }) => label).join('|')}): `);

/** Advice beside the prompt; what is listed as tried before is not taken up again. */
function adviceIn(world: World, text: string, found: Block | undefined, prompt: string, sample: number): Clause[] {
  const outside = found === undefined ? text : `${text.slice(0, found.start)}\n${text.slice(found.end)}`;
  const present = new Set(readClauses(prompt).flatMap(({ statements }) => statements.map(statementKey)));
  const clauses = readClauses(withoutTried(outside)).filter(
    (clause) =>
      isAdvice(clause) &&
      !RECORDED_ANSWER.test(clause.text) &&
      !clause.statements.some((statement) => present.has(statementKey(statement))),
  );
  if (clauses.length > 0)
    return clauses.filter(({ text: words }, index) => clauses.findIndex((other) => other.text === words) === index);
  return criticise(world, outside, prompt, sample).map((finding) => readClause(finding.text));
}

function withoutTried(text: string): string {
  return text.replace(
    /^[^\n]*\b(?:tried|rejected|harmful|useless|do not repeat|did not help|already)\b[^\n]*:?[ \t]*\n(?:[ \t]*(?:[-*•]|\d+[.)]|\[)[^\n]*\n?)+/gim,
    '',
  );
}

type Kept = { readonly clause: Clause; readonly text: string; readonly line: number };

function keepClauses(world: World, prompt: string, applied: readonly Clause[], care: Care, random: Random): Kept[] {
  const seen = new Set<string>();
  const replaceFrames = care === REWRITE && random.next() < NEW_OPENING;
  const kept = prompt.split('\n').flatMap((line, index) => {
    const texts = splitClauses(line);
    if (texts.length === 0 && line.trim() !== '') return [{ clause: readClause(''), text: line, line: index }];
    return texts.flatMap((text): Kept[] => {
      const clause = readClause(text);
      if (placeholdersOf(text).length > 0 || /\{\w+\}/.test(text)) return [{ clause, text, line: index }];
      if (clause.frames.length > 0 && replaceFrames) return [];
      if (random.next() < care.drops) return [];
      if (isContradicted(clause, applied) && random.next() < REPLACES_CONTRADICTED) return [];
      const keys = clause.statements.map(statementKey);
      if (keys.length > 0 && care !== MINIMAL && keys.every((key) => seen.has(key))) return [];
      for (const key of keys) seen.add(key);
      return [{ clause, text: reword(world, clause, care, random), line: index }];
    });
  });
  const lostFrame = replaceFrames && readClauses(prompt).some(({ frames }) => frames.length > 0);
  return lostFrame ? [{ clause: readClause(''), text: random.pick(OPENINGS), line: -1 }, ...kept] : kept;
}

function isContradicted(clause: Clause, applied: readonly Clause[]): boolean {
  return clause.statements.some((old) =>
    applied.some(({ statements }) =>
      statements.some(
        ({ scope, behaviour, argument }) =>
          scope === old.scope && behaviour === old.behaviour && argument !== null && argument !== old.argument,
      ),
    ),
  );
}

function reword(world: World, clause: Clause, care: Care, random: Random): string {
  const [statement] = clause.statements;
  if (statement === undefined || clause.statements.length > 1 || random.next() >= care.rewords) return clause.text;
  return wordStatement(statement, random, world.values.freeWording || care === PARAPHRASE);
}

/** The same advice without its point. */
function weaken(world: World, clause: Clause, random: Random): string {
  const [statement] = clause.statements;
  if (statement === undefined) return clause.text;
  return wordStatement({ ...statement, argument: null }, random, world.values.freeWording);
}

/** Keeps the lines of the prompt; a rewrite draws a layout for the whole. */
function layOut(kept: readonly Kept[], added: readonly string[], random: Random | undefined): string {
  const ended = (text: string): string => (/[.!?:}]$/.test(text) ? text : `${text}.`);
  const lines = [...new Set(kept.map(({ line }) => line))].map((line) =>
    kept
      .filter((item) => item.line === line)
      .map(({ text }) => ended(text))
      .join(' '),
  );
  const [opening = '', ...rest] = lines;
  const layout = random === undefined ? 'lines' : random.pick(['lines', 'bullets', 'prose'] as const);
  const body = [...rest, ...added.map(ended)];
  if (layout === 'prose') return [opening, ...body].join(' ').trim();
  return [opening, ...body.map((line) => (layout === 'bullets' ? `- ${line}` : line))].join('\n').trim();
}
