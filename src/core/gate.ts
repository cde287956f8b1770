import { contactDetector } from './privacy/contacts.ts';
import { secretDetector } from './privacy/secrets.ts';
import { type Prompt, placeholdersOf } from './prompt.ts';
import { conversationTexts, type Task } from './task.ts';
import { createCopyIndex, wordsOf } from './text-copies.ts';
import { HIDDEN_CHARACTERS } from './unicode.ts';

/** What a proposal is held against. */
export type GateOptions = {
  /** The prompt that the run started from: what it holds is the user's own and may stay. */
  readonly start: Prompt;
  /** Texts that every proposal must keep word for word, where its parent has them. */
  readonly protectedTexts?: readonly string[];
  /** Their conversations must not be copied into a prompt. Indexed once. */
  readonly tasks?: readonly Task[];
  /** Tools that the agent really has: proposals may name them and no others. Left out, tools are not judged. */
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
  const copies = createCopyIndex(tasks.flatMap(conversationTexts));
  const voices = createVoices(tasks);
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
      findCanary(canaries, text) ??
      findContact(text, own) ??
      (toolNames === undefined ? undefined : findTool(text, own, toolNames)) ??
      (copies.find(text, own) === undefined ? undefined : 'copies text of a training conversation') ??
      (voices.find(text, own) === undefined ? undefined : 'repeats a sentence that only few users wrote')
    );
  };
}

function textOf({ components }: Prompt): string {
  return Object.values(components).join('\n\n');
}

/** Shorter sentences are anybody's; from twelve words on they are copies. */
const SENTENCE_WORDS = { least: 6, most: 11 } as const;
/** What this share of the tasks says is how they are asked, not somebody's wish. */
const COMMON = 0.2;

/**
 * No single voice (reliability.md I05): a sentence that some users wrote is no instruction for the agent, however well the
 * models between them and the proposal obeyed it.
 */
function createVoices(tasks: readonly Task[]): { find(text: string, own: string): string | undefined } {
  const counts = new Map<string, number>();
  for (const { input, context } of tasks) {
    const said = [input, ...context.filter(({ role }) => role !== 'assistant').map(({ content }) => content)];
    const sentences = said.flatMap((text) => text.split(/[\n.!?:;"\u201c\u201d]+/)).map(wordsOf);
    const telling = sentences.filter(({ length }) => length >= SENTENCE_WORDS.least && length <= SENTENCE_WORDS.most);
    for (const sentence of new Set(telling.map((words) => words.join(' ')))) {
      counts.set(sentence, (counts.get(sentence) ?? 0) + 1);
    }
  }
  const enough = Math.max(2, COMMON * tasks.length);

  return {
    find(text, own) {
      const words = wordsOf(text);
      const mine = ` ${wordsOf(own).join(' ')} `;
      for (let start = 0; start < words.length; start++) {
        for (let length: number = SENTENCE_WORDS.least; length <= SENTENCE_WORDS.most; length++) {
          const sentence = words.slice(start, start + length).join(' ');
          if ((counts.get(sentence) ?? enough) < enough && !mine.includes(` ${sentence} `)) return sentence;
        }
      }
      return undefined;
    },
  };
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

function findCanary(canaries: readonly string[], text: string): string | undefined {
  return canaries.some((canary) => canary !== '' && text.includes(canary)) ? 'contains a planted mark' : undefined;
}

/** With or without a scheme, and what Markdown would make a link or an image of. */
const LINK =
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]]{1,2000}|\b(?:www\.|mailto:|data:[a-z]|javascript:)[^\s"'<>)\]]{1,2000}|(?<![\w.@/-])(?:[a-z0-9-]{1,63}\.){1,5}(?:com|net|org|io|ai|dev|app|co|info|biz|xyz|me|ru|cn|de|uk|link|site|online|top|gg|ly)(?:\/[^\s"'<>)\]]{0,500})?(?![\w-])/gi;

function findContact(text: string, own: string): string | undefined {
  const known = own.toLowerCase();
  for (const [link] of text.matchAll(LINK)) {
    if (!known.includes(trimmed(link).toLowerCase())) return 'contains a new link';
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

function findTool(text: string, own: string, toolNames: readonly string[]): string | undefined {
  for (const pattern of TOOL_MENTIONS) {
    for (const match of text.matchAll(pattern)) {
      const name = match.groups?.name ?? '';
      if (!toolNames.includes(name) && !own.includes(name)) return `names an unknown tool "${name}"`;
    }
  }
  return undefined;
}
