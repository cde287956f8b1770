/**
 * Takes the prompt out of an editor's reply, whatever it was wrapped in: `<prompt>` or `<START>` tags, JSON, a fenced block,
 * rules, quotes, an announcement in front and an explanation behind, or nothing at all. '' when there is none: an empty
 * reply, thoughts that were cut off, a refusal.
 */
export function promptFromReply(reply: string): string {
  return readReply(reply).text;
}

/** The same, with whether something in the reply marks it as the prompt: of a bare text only its asker knows what it is. */
export function readReply(reply: string): { readonly text: string; readonly isMarked: boolean } {
  const text = withoutThoughts(reply)
    // Our own fence, which a model may take for a part of the prompt.
    .replace(/<\/?data-[0-9a-f]{32}>\n?/g, '')
    .trim();
  const tagged =
    /<(prompt|new_prompt|improved_prompt|instruction|instructions|START|IMPROVED_VARIABLE)>([\s\S]*?)<\/?(?:\1|END)>/i.exec(
      text,
    );
  if (tagged?.[2] !== undefined) return { text: unquote(tagged[2].trim()), isMarked: true };
  const fences = [...text.matchAll(/^[ \t]*(`{3,})[^\n`]*\n([\s\S]*?)^[ \t]*\1[ \t]*$/gm)];
  const longest = fences.map((match) => (match[2] ?? '').trim()).sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined && longest !== '') return { text: fromJson(longest) ?? longest, isMarked: true };
  const named = fromJson(text);
  if (named !== undefined) return { text: named, isMarked: true };
  if (REFUSAL.test(text) || NO_CHANGE.test(text)) return { text: '', isMarked: false };
  const bare = unframe(text);
  return { text: unquote(bare), isMarked: bare !== text };
}

/** Reasoning models: the answer is what follows the thoughts; without an end of them there is none. */
function withoutThoughts(reply: string): string {
  return reply
    .replace(/<(think|thinking|reasoning|scratchpad)>[\s\S]*?<\/\1>/gi, '')
    .replace(/^[\s\S]*<\/(?:think|thinking|reasoning|scratchpad)>/i, '')
    .replace(/<(?:think|thinking|reasoning|scratchpad)>[\s\S]*$/i, '');
}

/** The value of `prompt` and its kin in an object that stands alone or in prose. */
function fromJson(text: string): string | undefined {
  const [first, last] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (first < 0 || last < first) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(first, last + 1));
    const named = Object.entries(value ?? {}).find(([key, one]) => PROMPT_KEY.test(key) && typeof one === 'string');
    return named === undefined ? undefined : String(named[1]).trim();
  } catch {
    return undefined;
  }
}

const PROMPT_KEY = /prompt|instruction/i;

/** Instead of a prompt, in one paragraph. */
const REFUSAL =
  /^(?:(?:i['’]?m|i am) (?:\w+ )?sorry|(?:sorry|unfortunately)\b[^\n]*(?:can['’]?t|cannot|unable)|i (?:can['’]?t|cannot|won['’]?t) (?:help|assist|do|comply|provide)|es tut mir leid|lo siento|je suis désolé|mi dispiace|извините|к сожалению|(?:很)?抱歉|对不起|申し訳)(?!.*\n\s*\n)[^\n]{0,300}$/i;

/** The opinion that nothing is to be done, instead of a prompt, in one line. */
const NO_CHANGE =
  /^(?:(?:i (?:think|believe|find)(?: that)?|in my opinion,?) )?(?:(?:the|this|your) (?:\w+ )?prompt (?:\w+ )?(?:is|looks|seems)(?: \w+)? (?:good|fine|great|perfect|optimal|sufficient|clear)\b|no (?:further )?(?:changes?|edits?|improvements?) (?:(?:is|are|were) )?(?:needed|necessary|required)\b|nothing (?:to change|needs to (?:be changed|change))\b)[^\n]{0,200}$/i;

/** Takes off what chatty models put around a text: an announcement, rules or a heading, and what they say about it behind. */
function unframe(text: string): string {
  const heading = HEADING.exec(text);
  const announced = heading === null ? text.replace(ANNOUNCEMENT, '') : text.slice(heading.index + heading[0].length);
  const bare = announced.trim();
  const ruled = /^(?:-{3,}|\*{3,}|={3,})[ \t]*\n([\s\S]*)\n(?:-{3,}|\*{3,}|={3,})[ \t]*(?:\n[\s\S]{0,600})?$/.exec(
    bare,
  );
  if (ruled?.[1] !== undefined) return ruled[1].trim();
  return announced === text ? bare : bare.replace(CLOSING, '').trim();
}

/** "**Improved Prompt:**" or "## New prompt" on a line of its own, wherever it stands. */
const HEADING =
  /^[ \t]*(?:#{1,6}[ \t]+|\*\*|__)(?:the |your )?(?:new|improved|revised|updated|rewritten|final|optimi[sz]ed|enhanced|better)[ \t]+(?:\w+[ \t]+)?prompt[ \t]*:?(?:\*\*|__)?[ \t]*:?[ \t]*\n/im;

/** "Here is the improved prompt:" and its kin in some languages, on a line of its own. */
const ANNOUNCEMENT =
  /^(?:(?:sure|certainly|of course|okay|here(?:'s| is| are)|the (?:new|improved|revised|updated|rewritten)|(?:new|improved|revised|updated|rewritten))\b[^\n]{0,120}|(?=[^\n]*(?:prompt|промпт|提示|プロンプト|프롬프트))(?=[^\n]*(?:hier|voici|aqu[ií]|ecco|вот|oto|以下|改|优化|新|다음|개선|verbesser|verbeter|amélior|mejorad|migliorat|melhorad|улучшен))[^\n]{0,160})[:：][ \t]*\n/i;

/** What is said about a text behind it: a headed paragraph, or a farewell. */
const CLOSING =
  /\n\s*\n[ \t]*(?:(?:#{1,6}[ \t]+|\*\*|__)?(?:explanation|rationale|reasoning|changes(?: made)?|key changes|what changed|notes?)[ \t]*:?(?:\*\*|__)?[ \t]*(?::|\n)[\s\S]*|(?:let me know|i hope|hope this|feel free|i(?:'ve| have)? (?:added|changed|kept|made|removed))\b[^\n]*)$/i;

function unquote(text: string): string {
  if (/^"[\s\S]*"$/.test(text)) {
    try {
      return String(JSON.parse(text)).trim();
    } catch {
      // Quotation marks, but no JSON.
    }
  }
  const quoted = /^(["'“])([\s\S]*)(["'”])$/.exec(text);
  return quoted?.[2] !== undefined && !quoted[2].includes(quoted[1] ?? '"') ? quoted[2].trim() : text;
}

/** The critic's main point in one line, for people. */
export function headline(critique: string): string {
  const lines = critique
    .split('\n')
    .map((line) =>
      line
        .replace(/^[\s#>*\-\d.)]+/, '')
        .replaceAll('**', '')
        .trim(),
    )
    .filter((line) => line !== '' && !line.endsWith(':'));
  return lines[0] ?? '';
}
