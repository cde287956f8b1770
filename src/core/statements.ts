/**
 * Splits a prompt into statements such that joining the pieces gives the prompt back. A statement is a bullet, a line or a
 * sentence; code blocks stay whole.
 */
export type Piece = {
  /** The statement as text, without bullet or number. */
  readonly text: string;
  /** Exactly what stands in the prompt, with bullet, white space and line end. */
  readonly raw: string;
};

export function splitPrompt(prompt: string): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const block of prompt.split(/(^[ \t]*```[\s\S]*?^[ \t]*```[^\n]*\n?)/m)) {
    if (/^[ \t]*```/.test(block)) {
      pieces.push({ text: block.trim(), raw: block });
      continue;
    }
    for (const line of block.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      for (const raw of line.split(SENTENCE_END)) if (raw !== '') pieces.push({ text: statementOf(raw), raw });
    }
  }
  return pieces;
}

/** After a full stop and white space, before what can start a sentence. Abbreviations with one letter do not end one. */
const SENTENCE_END = /(?<=(?:[^\s.][^\s.][.!?]|[.!?]["”')\]])\s+)(?=["“'([]?[\p{Lu}\p{N}{<])/u;

/** The mark of a point in a list, at the start of its line. */
export const BULLET = /^\s*(?:[-*•–]|\(?\d{1,2}[.)]|[a-z][.)])\s+/;

/** The words of a line without its bullet, number or emphasis. */
export function statementOf(line: string): string {
  return line.replace(BULLET, '').replaceAll('**', '').trim();
}

/** The statements of a text, without headings, lead-ins and empty pieces. */
export function statementsOf(text: string): readonly string[] {
  return splitPrompt(text)
    .map((piece) => piece.text)
    .filter((statement) => /\p{L}/u.test(statement) && !/^#{1,6}\s/.test(statement) && !statement.endsWith(':'));
}
