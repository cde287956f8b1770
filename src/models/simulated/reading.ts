import type { JsonObject } from '../../core/json.ts';
import type { Message } from '../../core/message.ts';
import { propertyNames } from './schema.ts';

/**
 * What a request asks for, told from its text alone: the model never learns which program asks. `editor` covers every
 * request for a prompt, with a critique in it or only with examples.
 */
export type Part = 'agent' | 'judge' | 'critic' | 'editor';

const PROMPT_NOUN = '(?:prompts?|instructions?|templates?|system messages?|variables?|playbooks?)\\b';
const ADVICE_NOUN =
  '(?:critiques?|criticisms?|reasons?|bullets?|causes?|findings?|analys[ie]s|feedback|diagnos\\w+|suggestions?|issues|problems|edits|gradients?|lessons|improvements)\\b';
const OUTPUT_VERB =
  '\\b(?:provide|write|wrote|return|output|give|produce|generate|create|propose|respond|reply|answer|list|send)\\b';

const NEW_PROMPT = new RegExp(
  `${OUTPUT_VERB}[^.\\n]{0,60}\\b(?:new|revised|improved|updated|better|refined|rewritten|modified|full|whole|complete|edited|optimi[sz]ed|polished|merged|different|variation)\\b[^.\\n]{0,50}\\b${PROMPT_NOUN}|\\bnew ${PROMPT_NOUN} (?:is|are):`,
  'gi',
);
const WANTED_ADVICE = new RegExp(`${OUTPUT_VERB}[^.\\n]{0,80}\\b${ADVICE_NOUN}`, 'gi');
const CHANGED_PROMPT = new RegExp(
  `\\b(?:revise|rewrite|improve|edit|update|rephrase|refine|paraphrase|merge|combine|polish|shorten|optimi[sz]e|apply|generate|write|create|propose|variation of)\\b[^.\\n]{0,60}\\b${PROMPT_NOUN}`,
  'gi',
);
const ABOUT_PROMPTS = new RegExp(`\\b${PROMPT_NOUN}`, 'i');
const ABOUT_ADVICE =
  /critique|criticism|analy[sz]e|analys[ie]s|feedback|diagnos|reasons?\b|causes?\b|scores?\b|grades?\b/i;
const ABOUT_GRADES = /\b(?:grad(?:e|er|ing)|judge|scor(?:e|ing)|rat(?:e|ing)|evaluat(?:e|or|ion)|assess|marks?)\b/i;

const EDITOR_FIELD =
  /^(?:new|improved|revised|proposed|updated|rewritten|edited|optimi[sz]ed|final)?_?(?:prompt|instructions?|template|system(?:_prompt)?|statements|merged|polished)$/i;
const JUDGE_FIELD = /^(?:score|grade|rating|mark|correct|verdict|passed|accuracy)$/i;
const CRITIC_FIELD =
  /critique|finding|edits?$|issues|problems|causes?$|suggestion|advice|evidence|diagnosis|lessons|feedback/i;

/** Property names that belong to the answer of a part. */
export const FIELDS = { judge: JUDGE_FIELD, critic: CRITIC_FIELD, editor: EDITOR_FIELD } as const;

export type Asked = {
  readonly messages: readonly Message[];
  readonly schema?: JsonObject | undefined;
  readonly model: string;
};

/** All text of a request; what the assistant said before is part of it. */
export function textOf(messages: readonly Message[]): string {
  return messages.map(({ content }) => content).join('\n\n');
}

export function partOf({ messages, schema, model }: Asked, isTask: (text: string) => boolean): Part {
  const last = messages.at(-1);
  const lastUser = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  if (schema === undefined && (last?.role === 'tool' || isTask(lastUser.trim()))) return 'agent';
  const bySchema = schema === undefined ? undefined : partOfSchema(propertyNames(schema));
  if (bySchema !== undefined) return bySchema;
  const told = partOfText(messages);
  // One model may play all parts, so an unmistakable request overrules its name.
  if (told === 'critic' || told === 'editor') return told;
  const named = /\bsim-(agent|judge|critic|editor)\b/.exec(model)?.[1] as Part | undefined;
  if (named === 'agent' || named === 'judge') return named;
  return told ?? named ?? 'agent';
}

function partOfSchema(names: readonly string[]): Part | undefined {
  if (names.some((name) => CRITIC_FIELD.test(name)) && !names.some((name) => JUDGE_FIELD.test(name))) return 'critic';
  if (names.some((name) => EDITOR_FIELD.test(name))) return 'editor';
  return names.some((name) => JUDGE_FIELD.test(name)) ? 'judge' : undefined;
}

const OPENING_CHARACTERS = 300;
const CALLED =
  /(?:^|[.!?:]\s+|\n\s*)you are (?:the|an?)(?: \w+){0,3}? (critic|editor|judge|grader|evaluator|optimi[sz]er)\b/i;
const CALLED_PART: { readonly [name: string]: Part } = {
  critic: 'critic',
  editor: 'editor',
  judge: 'judge',
  grader: 'judge',
  evaluator: 'judge',
};

function partOfText(messages: readonly Message[]): Part | undefined {
  const text = textOf(messages);
  // Recorded requests further down may call somebody else something else.
  const opening = messages[0]?.content.slice(0, OPENING_CHARACTERS) ?? '';
  const called = CALLED_PART[CALLED.exec(opening)?.[1]?.toLowerCase() ?? ''];
  if (called !== undefined) return called;
  const found = (pattern: RegExp, unless: RegExp): boolean =>
    [...text.matchAll(pattern)].some(
      (match) => !unless.test(match[0]) && !/\b(?:not|never|n't|without)\s+$/i.test(text.slice(0, match.index)),
    );
  if (found(NEW_PROMPT, /critique of|analysis|reasons|scores?\b|bullet|changes\b|edits\b/i)) return 'editor';
  if (ABOUT_PROMPTS.test(text) && found(WANTED_ADVICE, /scores?\b|grades?\b|rating/i)) return 'critic';
  if (found(CHANGED_PROMPT, ABOUT_ADVICE)) return 'editor';
  if (ABOUT_PROMPTS.test(text) && /revise|rewrite|\bapply\b/i.test(text) && /critique|feedback/i.test(text))
    return 'editor';
  return ABOUT_GRADES.test(text) && /answer|response|reply|output/i.test(text) ? 'judge' : undefined;
}

/** A part of the request's text. */
export type Block = { readonly start: number; readonly end: number; readonly text: string };

const PROMPT_LABEL = /\b(?:prompts?|instructions?|templates?|system message|variable|playbook)\b/i;
const OTHER_LABEL =
  /\b(?:critique|new|revised|improved|rules?|guide|history|tried|tasks?|examples?|output|findings?|runs?|experiments?|rollouts?|advice|edits?|required|how|your)\b/i;

/** The prompt that the request is about: tagged, fenced, under a heading or quoted. Undefined when none is marked. */
export function findPrompt(text: string): Block | undefined {
  const blocks = [
    ...taggedBlocks(text),
    ...fencedBlocks(text),
    ...headedBlocks(text),
    ...quotedBlocks(text),
    ...scoredBlocks(text),
  ];
  return blocks.sort((a, b) => b.rank - a.rank || a.start - b.start)[0];
}

const PLAIN_LABEL = /^(?:the |my |your )?(?:system )?(?:prompt|instructions?|prompt template|template)$/i;

type Ranked = Block & { readonly rank: number };

function rankOf(label: string): number {
  if (!PROMPT_LABEL.test(label)) return 0;
  const current = /\b(?:current|original|present|existing|given|parent|start(?:ing)?|under training)\b|curr_/i.test(
    label,
  )
    ? 2
    : 0;
  const plain = PLAIN_LABEL.test(label.trim()) ? 0.6 : 0;
  return 1 + current + plain - (OTHER_LABEL.test(label) ? 0.5 : 0);
}

function block(start: number, text: string, rank: number): Ranked[] {
  const inner = unwrap(text);
  const words = inner.text.trim();
  // Instructions name tags too: "between <prompt> and </prompt>".
  if (rank <= 0 || words.length < 4 || /^(?:and|or|to|the|\.\.\.|…)$/i.test(words)) return [];
  return [{ start: start + inner.at, end: start + inner.at + inner.text.length, text: words, rank }];
}

/** The inside of one pair of tags, fences or quotes around the whole, or at the start of it. */
function unwrap(text: string): { readonly at: number; readonly text: string } {
  const match =
    /^\s*<([A-Za-z][\w:-]*)(?:\s[^>\n]*)?>\n?([\s\S]*?)\n?<\/\1>/.exec(text) ??
    /^\s*(`{3,}|"{3})[^\n`"]*\n([\s\S]*?)\n\1/.exec(text);
  const body = match?.[2];
  if (match === null || body === undefined) return { at: 0, text };
  return { at: match[0].indexOf(body, (match[1] ?? '').length), text: body };
}

function taggedBlocks(text: string): Ranked[] {
  return [...text.matchAll(/<([A-Za-z][\w:-]*)(?:\s[^>\n]*)?>([\s\S]*?)<\/\1>/g)].flatMap((match) => {
    const [whole, tag = '', body = ''] = match;
    const label = tag.replace(/[_:-]/g, ' ');
    return block(match.index + whole.indexOf(body, tag.length), body, rankOf(label) === 0 ? 0 : rankOf(label) + 0.4);
  });
}

function fencedBlocks(text: string): Ranked[] {
  return [...text.matchAll(/(`{3,}|"{3,})[^\n`"]*\n([\s\S]*?)\n?\1/g)].flatMap((match) => {
    const before = text.slice(Math.max(0, match.index - 200), match.index).trim();
    const label = before.split('\n').at(-1) ?? '';
    return block(
      match.index + match[0].indexOf('\n') + 1,
      match[2] ?? '',
      PROMPT_LABEL.test(label) ? Math.max(1.2, rankOf(label) + 0.3) : 0,
    );
  });
}

const HEADING =
  /^[ \t]*(?:(#{1,6})[ \t]+([^\n]{2,80})|\*\*([^*\n]{2,80})\*\*:?|\[\[ ## (\w+) ## \]\]|([A-Z][\w ()'-]{2,60}):)[ \t]*$/gm;

function headedBlocks(text: string): Ranked[] {
  const headings = [...text.matchAll(HEADING)];
  return headings.flatMap((match, index) => {
    const label = (match[2] ?? match[3] ?? match[4] ?? match[5] ?? '').replaceAll('_', ' ');
    const depth = match[1]?.length;
    const next = headings.slice(index + 1).find((other) => depth === undefined || (other[1]?.length ?? 9) <= depth);
    const start = match.index + match[0].length;
    return block(start, text.slice(start, next?.index ?? text.length), rankOf(label));
  });
}

function quotedBlocks(text: string): Ranked[] {
  return [...text.matchAll(/([^\n"]{0,80})\n?"([^"]{8,})"\s*(?:\n|$)/g)].flatMap((match) => {
    const [whole, label = '', body = ''] = match;
    return block(match.index + whole.indexOf(`"${body}`) + 1, body, rankOf(label) === 0 ? 0 : rankOf(label) + 0.3);
  });
}

/** Of a list of texts with scores: the better, the higher. */
function scoredBlocks(text: string): Ranked[] {
  const pattern =
    /^(?:text|instruction|prompt)[ \t]*\d*:[ \t]*\n?([\s\S]+?)\n\s*score:?[ \t]*\n?[ \t]*(\d+(?:\.\d+)?)/gim;
  return [...text.matchAll(pattern)].flatMap((match) => {
    const [whole, body = '', score = '0'] = match;
    return block(match.index + whole.indexOf(body), body, 1 + Number(score) / 1e4);
  });
}

/** Names of the rollouts (or examples) in the request with their places, the most specific kind that there is. */
export function findIds(text: string): readonly { readonly id: string; readonly at: number }[] {
  for (const kind of ['rollout', 'id', 'trace', 'run|experiment|example|case|task']) {
    const pattern = new RegExp(
      `\\b(?:${kind})(?:[ _-]?id)?\\b["']?[ \\t]*[:#=(\\[]*[ \\t]*["'#]?([A-Za-z0-9][\\w:.-]*\\w|\\d)`,
      'gi',
    );
    const found = [...text.matchAll(pattern)].flatMap((match) =>
      /\d/.test(match[1] ?? '') ? [{ id: match[1] ?? '', at: match.index }] : [],
    );
    if (found.length > 0) return found;
  }
  return [];
}
