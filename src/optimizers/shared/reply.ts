/**
 * Takes the prompt out of an editor's reply, whatever it was wrapped in: `<prompt>` or `<START>` tags, a fenced block, a
 * short announcement line, quotes, or nothing at all. '' when there is none.
 */
export function promptFromReply(reply: string): string {
  const text = reply
    .replace(/<think>[\s\S]*?<\/think>/gi, '')
    // Our own fence, which a model may take for a part of the prompt.
    .replace(/<\/?data-[0-9a-f]{32}>\n?/g, '')
    .trim();
  const tagged =
    /<(prompt|new_prompt|improved_prompt|instruction|instructions|START|IMPROVED_VARIABLE)>([\s\S]*?)<\/?(?:\1|END)>/i.exec(
      text,
    );
  if (tagged?.[2] !== undefined) return unquote(tagged[2].trim());
  const fences = [...text.matchAll(/^[ \t]*(`{3,})[^\n`]*\n([\s\S]*?)^[ \t]*\1[ \t]*$/gm)];
  const longest = fences.map((match) => (match[2] ?? '').trim()).sort((a, b) => b.length - a.length)[0];
  if (longest !== undefined && longest !== '') return longest;
  return unquote(text.replace(ANNOUNCEMENT, '').trim());
}

/** "Here is the improved prompt:" and its kin, on a line of their own. */
const ANNOUNCEMENT =
  /^(?:sure|certainly|of course|okay|here(?:'s| is| are)|the (?:new|improved|revised|updated|rewritten)|(?:new|improved|revised|updated|rewritten))\b[^\n]{0,120}:\s*\n/i;

function unquote(text: string): string {
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
