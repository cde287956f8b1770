import { createAnswers } from './answers.ts';
import { contactDetector } from './privacy/contacts.ts';
import { secretDetector } from './privacy/secrets.ts';
import { type Prompt, placeholdersOf } from './prompt.ts';
import { conversationTexts, recordedToolCalls, type Task } from './task.ts';
import { createCopyIndex } from './text-copies.ts';
import { HIDDEN_CHARACTERS } from './unicode.ts';
import { byVoice, LEAST_VOICES } from './voice-counts.ts';
import { createVoices } from './voices.ts';

/** What a proposal is held against. */
export type GateOptions = {
  /** The prompt that the run started from: what it holds is the user's own and may stay. */
  readonly start: Prompt;
  /** Texts that every proposal must keep word for word, where its parent has them. */
  readonly protectedTexts?: readonly string[];
  /** Their conversations must not be copied into a prompt. Indexed once. */
  readonly tasks?: readonly Task[];
  /** Set for optimizers whose proposals quote tasks on purpose: what is copied from them is then let through. */
  readonly quotesTasks?: boolean;
  /**
   * Tools that the agent has. A proposal may name these, as prompts of agents with tools have to say when to use which;
   * what it may not do is send the agent (or the one in production, that has more tools) to any other. Names that the
   * prompt, recorded tool calls or the expected answers of {@link LEAST_VOICES} conversations know are allowed too. Left
   * out, the agent's tools are unknown to the trainer and names are not judged.
   */
  readonly toolNames?: readonly string[];
  /** Marks that were planted in other places; seen in a proposal, something leaked. */
  readonly canaries?: readonly string[];
};

/** @returns why the proposal is rejected, in a few words for the candidate's record; undefined when it may be tried. */
export type Gate = (proposal: Prompt, parent: Prompt) => string | undefined;

/** A short start prompt may still grow to a page or two. */
const FREE_GROWTH = 6_000;
const MAX_GROWTH = 1.5;

/**
 * The deterministic gate on every proposed prompt, before it costs a rollout (reliability.md I06). The editor's text is
 * model output, made from conversations that anybody may have written, and a winning prompt is shown to all users: so
 * nothing hidden, nothing that points elsewhere, and nothing copied gets through, however good it would score. Pure and
 * cheap: one pass over the proposal for each rule.
 */
export function createGate(options: GateOptions): Gate {
  const { start, protectedTexts = [], tasks = [], toolNames, canaries = [] } = options;
  const quoted = options.quotesTasks === true ? [] : tasks;
  const copies = createCopyIndex(quoted.flatMap(conversationTexts));
  const voices = createVoices(quoted);
  const answers = createAnswers(quoted);
  const known = toolNames === undefined ? undefined : new Set([...toolNames, ...namesOf(tasks)]);
  const markup = sharedMarkup(tasks, options.quotesTasks === true);
  const startText = textOf(start);
  const limit = Math.max(startText.length * MAX_GROWTH, startText.length + FREE_GROWTH);

  return (proposal, parent) => {
    const own = `${startText}\n${textOf(parent)}`;
    const text = textOf(proposal);
    return (
      findComponentFault(proposal, parent) ??
      findLost(protectedTexts, text, own) ??
      (text.length > limit ? `longer than ${Math.floor(limit)} characters` : undefined) ??
      findHidden(text, own) ??
      findMarkup(text, own, markup) ??
      findCanary(canaries, text) ??
      findContact(text, own) ??
      (known === undefined ? undefined : findTool(text, own, known)) ??
      (copies.find(text, own) === undefined ? undefined : 'copies text of a training conversation') ??
      (voices.find(text, own) === undefined ? undefined : 'repeats a sentence that only few users wrote') ??
      (answers.find(text, own) === undefined ? undefined : 'holds the expected answer of a training task')
    );
  };
}

function textOf({ components }: Prompt): string {
  return Object.values(components).join('\n\n');
}

function findComponentFault(proposal: Prompt, parent: Prompt): string | undefined {
  const names = Object.keys(parent.components);
  const added = Object.keys(proposal.components).find((name) => !Object.hasOwn(parent.components, name));
  if (added !== undefined) return `adds the component "${added}"`;
  for (const name of names) {
    const before = parent.components[name] ?? '';
    const after = proposal.components[name];
    if (after === undefined) return `drops the component "${name}"`;
    if (after.trim() === '' && before.trim() !== '') return `empties the component "${name}"`;
    const [old, now] = [placeholdersOf(before), placeholdersOf(after)];
    const lost = old.find((placeholder) => !now.includes(placeholder));
    if (lost !== undefined) return `loses the placeholder {{${lost}}}`;
    const made = now.find((placeholder) => !old.includes(placeholder));
    if (made !== undefined) return `makes up the placeholder {{${made}}}`;
  }
  return undefined;
}

function findLost(protectedTexts: readonly string[], text: string, own: string): string | undefined {
  const lost = protectedTexts.some((part) => own.includes(part) && !text.includes(part));
  return lost ? 'changes a protected part' : undefined;
}

const HIDDEN = new RegExp(
  `[\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f${HIDDEN_CHARACTERS}]|\\r(?!\\n)`,
  'gu',
);

/** A character that the user's own prompt has (a joiner in an emoji or in Persian) is not hidden from anybody. */
function findHidden(text: string, own: string): string | undefined {
  for (const [character] of text.matchAll(HIDDEN)) {
    if (own.includes(character)) continue;
    return `contains the hidden character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return undefined;
}

const MARKUP: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  // What stands in one is run or copied by agents and users alike.
  { pattern: /```|~~~/g, what: 'a new code fence' },
  // The tags of our own requests: a text with them is taken for the end of its own quotation in the next round.
  {
    pattern: /<\/?(?:data-[0-9a-z]|prompt\b|start\b|end\b|system\b)|<\|[a-z_]{1,40}\|>/gi,
    what: 'a mark of a request',
  },
  // Nobody reads what these say; 32 characters are 24 bytes, enough for an address.
  {
    pattern:
      /(?<![A-Za-z0-9+/_=-])(?=[A-Za-z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*\d)[A-Za-z0-9+/_-]{32,}={0,2}/g,
    what: 'an encoded text',
  },
  { pattern: /(?<![0-9a-z])(?:0x)?[0-9a-f]{32,}(?![0-9a-z])/gi, what: 'an encoded text' },
  {
    pattern: /(?:%[0-9a-f]{2}){6,}|(?:\\x[0-9a-f]{2}){6,}|(?:\\u[0-9a-f]{4}){4,}|(?:&#x?[0-9a-f]{2,6};){4,}/gi,
    what: 'an encoded text',
  },
  // Tags that only structure a prompt are none of these.
  {
    pattern: /<(?:script|iframe|object|embed|svg|meta|link)\b|<[a-z][^<>]{0,200}\s(?:src|href|on[a-z]{3,20})\s*=/gi,
    what: 'active HTML',
  },
  // Of the engines that put variables into texts; a prompt's own placeholders are {{these}}.
  { pattern: /\$\{[^{}]{1,200}\}|<%[^%]{1,200}%>|\{%[^%]{1,200}%\}/g, what: 'a template expression' },
  // Latin and Cyrillic letters look alike: such a word is read as another one than it is.
  { pattern: /[a-z][\u0400-\u04ff]|[\u0400-\u04ff][a-z]/gi, what: 'a word of two alphabets' },
];

/** The user's own marks may stay, and more of the same kind beside them: a prompt with examples in fences gets others. */
function findMarkup(text: string, own: string, shared: ReadonlySet<string>): string | undefined {
  for (const { pattern, what } of MARKUP) {
    for (const [found] of text.matchAll(pattern)) {
      if (!own.includes(found) && !shared.has(found)) return `contains ${what}`;
    }
  }
  return undefined;
}

/** A format that the answers of several conversations are expected to have may be asked for; what is quoted may stand. */
function sharedMarkup(tasks: readonly Task[], quotesTasks: boolean): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const voice of byVoice(tasks)) {
    const text = voice.flatMap((task) => (quotesTasks ? conversationTexts(task) : (task.expected ?? ''))).join('\n');
    const found = new Set(MARKUP.flatMap(({ pattern }) => text.match(pattern) ?? []));
    for (const mark of found) counts.set(mark, (counts.get(mark) ?? 0) + 1);
  }
  const least = quotesTasks ? 1 : LEAST_VOICES;
  return new Set([...counts].filter(([, count]) => count >= least).map(([mark]) => mark));
}

function findCanary(canaries: readonly string[], text: string): string | undefined {
  const lower = text.toLowerCase();
  const found = canaries.some((canary) => canary !== '' && lower.includes(canary.toLowerCase()));
  return found ? 'contains a planted mark' : undefined;
}

/** With or without a scheme, and what Markdown would make a link or an image of. */
const LINK =
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]]{1,2000}|\b(?:www\.|mailto:|data:[a-z]|javascript:)[^\s"'<>)\]]{1,2000}|(?<![\w.@/-])(?:[a-z0-9-]{1,63}\.){1,5}(?:com|net|org|io|ai|dev|app|co|info|biz|xyz|me|ru|cn|de|uk|eu|fr|nl|pl|jp|br|ch|link|site|online|top|gg|ly|shop|store|click|live|cloud|page|tech|space|website|zip|cc|tv|tk)(?:\/[^\s"'<>)\]]{0,500})?(?![\w-])|(?<![\w.@/-])(?:[a-z0-9-]{2,63}\.){1,5}(?!(?:js|ts|py|md|txt|json|csv|html?|ya?ml)\b)[a-z]{2,24}\/[^\s"'<>)\]]{2,500}/gi;
/** Addresses and numbers as they are spelt to get past a filter. */
const SPELT: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  {
    pattern:
      /[\w.-]{1,60}\s{0,3}(?:\(at\)|\[at\]|\sat\s)\s{0,3}[\w-]{1,60}\s{0,3}(?:\(dot\)|\[dot\]|\sdot\s)\s{0,3}\w{2,24}/gi,
    what: 'a new e-mail address',
  },
  {
    pattern:
      /\b(?=(?:[a-z]{3,5}[\s,-]{1,3}){0,12}zero)(?:zero|one|two|three|four|five|six|seven|eight|nine)(?:[\s,-]{1,3}(?:zero|one|two|three|four|five|six|seven|eight|nine)){8,}/gi,
    what: 'a new phone number',
  },
  { pattern: /\bhxxps?\b|[a-z0-9]\[(?:\.|dot)\][a-z]/gi, what: 'a new link' },
];

function findContact(text: string, own: string): string | undefined {
  const known = own.toLowerCase();
  // Also as full-width characters, which browsers take for the plain ones.
  for (const [link] of [...text.matchAll(LINK), ...text.normalize('NFKC').matchAll(LINK)]) {
    if (!known.includes(trimmed(link).toLowerCase())) return 'contains a new link';
  }
  for (const { pattern, what } of SPELT) {
    if ([...text.matchAll(pattern)].some(([found]) => !known.includes(found.toLowerCase()))) return `contains ${what}`;
  }
  for (const { type, start, end } of [...secretDetector.detect(text), ...contactDetector.detect(text)]) {
    if (!known.includes(text.slice(start, end).toLowerCase()))
      return `contains ${CONTACTS[type] ?? 'new personal data'}`;
  }
  return undefined;
}

const CONTACTS: { readonly [type: string]: string } = {
  EMAIL: 'a new e-mail address',
  PHONE: 'a new phone number',
  SECRET: 'a key or password',
  URL: 'a new link',
  IP_ADDRESS: 'a new network address',
};

/** Punctuation after a link belongs to the sentence. */
function trimmed(link: string): string {
  return link.replace(/[.,;:!?'"]+$/, '');
}

/** A name that only code has: an underscore or a hump inside. */
const NAME =
  '(?<name>[a-z][A-Za-z0-9]{0,60}(?:_[A-Za-z0-9]{1,60}){1,6}|[a-z][a-z0-9]{1,40}(?:[A-Z][a-z0-9]{1,40}){1,6})';

/** How prompts speak of tools: `name(...)`, "the tool name", "call name", "the name tool". */
const TOOL_MENTIONS = [
  `(?<![\\w.])${NAME}\\(`,
  `\\b(?:[Tt]ool|[Ff]unction|[Pp]lugin|API|api)s?\\s{1,3}(?:called |named )?[\`"']?${NAME}`,
  `\\b(?:[Cc]all|[Ii]nvoke|[Ee]xecute)\\s{1,3}(?:the )?[\`"']?${NAME}`,
  `(?<![\\w.])${NAME}[\`"']?\\s{1,3}(?:tool|function|plugin|API|api)\\b`,
].map((pattern) => new RegExp(pattern, 'g'));

function findTool(text: string, own: string, known: ReadonlySet<string>): string | undefined {
  for (const pattern of TOOL_MENTIONS) {
    for (const match of text.matchAll(pattern)) {
      const name = match.groups?.name ?? '';
      if (!known.has(name) && !own.includes(name)) return `names an unknown tool "${name}"`;
    }
  }
  return undefined;
}

/** Names of code that the dataset knows: of recorded calls, and those that several expected answers have in common. */
function namesOf(tasks: readonly Task[]): readonly string[] {
  const pattern = new RegExp(`(?<!\\w)${NAME}(?!\\w)`, 'g');
  const counts = new Map<string, number>();
  for (const voice of byVoice(tasks)) {
    const found = voice.flatMap(({ expected }) => (expected ?? '').match(pattern) ?? []);
    for (const name of new Set(found)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [
    ...tasks.flatMap(recordedToolCalls).map(({ name }) => name),
    ...[...counts].filter(([, count]) => count >= LEAST_VOICES).map(([name]) => name),
  ];
}
