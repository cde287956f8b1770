/** More than any reply with a verdict has; beyond it the text is not searched any further (scanning stays linear). */
const MAX_ATTEMPTS = 200;

/**
 * The complete top-level `{...}` parts of a text with prose around them, in order. Braces inside JSON strings do not
 * count; an unclosed brace is passed over.
 */
export function jsonObjectTexts(text: string): readonly string[] {
  const found: string[] = [];
  let attempts = 0;
  for (let start = text.indexOf('{'); start !== -1 && attempts < MAX_ATTEMPTS; attempts++) {
    const end = endOfObject(text, start);
    if (end !== undefined) found.push(text.slice(start, end));
    start = text.indexOf('{', end ?? start + 1);
  }
  return found;
}

function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return index + 1;
  }
  return undefined;
}
