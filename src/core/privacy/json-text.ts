/**
 * Changes the strings and long numbers of a JSON text in place. Everything between them stays as it was written, so a
 * text that needs no change comes back byte for byte, and large numbers keep their digits.
 * @param text must be valid JSON.
 * @param change gets a decoded leaf and the name of the member it belongs to; keys come with `key: true`.
 */
export function mapJsonLeaves(text: string, change: (leaf: Leaf) => string): string {
  const parts: string[] = [];
  let written = 0;
  let name = '';
  let at = 0;
  const replace = (start: number, end: number, value: string): void => {
    parts.push(text.slice(written, start), JSON.stringify(value));
    written = end;
  };
  while (at < text.length) {
    const character = text[at] ?? '';
    if (character === '"') {
      const end = stringEnd(text, at);
      const value: string = JSON.parse(text.slice(at, end));
      const key = isKey(text, end);
      const changed = change({ value, name: key ? '' : name, key, number: false });
      if (changed !== value) replace(at, end, changed);
      if (key) name = value;
      at = end;
    } else if (character === '-' || (character >= '0' && character <= '9')) {
      const end = numberEnd(text, at);
      const value = text.slice(at, end);
      const changed = change({ value, name, key: false, number: true });
      if (changed !== value) replace(at, end, changed);
      at = end;
    } else at++;
  }
  parts.push(text.slice(written));
  return parts.join('');
}

export type Leaf = {
  readonly value: string;
  /** Of the member that holds it, or holds the list that holds it; '' at the top. */
  readonly name: string;
  readonly key: boolean;
  /** A number, as written; a changed one becomes a string. */
  readonly number: boolean;
};

function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first--;
  return (at - first) % 2 === 1;
}

function isKey(text: string, end: number): boolean {
  let next = end;
  while (/\s/.test(text[next] ?? '')) next++;
  return text[next] === ':';
}

function numberEnd(text: string, start: number): number {
  let end = start + 1;
  while (/[\d.eE+-]/.test(text[end] ?? '')) end++;
  return end;
}
