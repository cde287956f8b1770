import { type Piece, splitPrompt } from '../../core/statements.ts';
import type { Proposal } from './proposal.ts';

/**
 * A prompt with the proposed changes in it. What says the same as a sentence that is there takes its place: a critic that
 * asks again for what the agent does not honour, or corrects itself, must not make the prompt longer each time.
 * @param isSame whether two sentences are wordings of one meaning
 */
export function revise(
  prompt: string,
  proposals: readonly Proposal[],
  isSame: (a: string, b: string) => boolean,
): string {
  let pieces: readonly Piece[] = splitPrompt(prompt);
  const added: string[] = [];
  for (const { text, target, removal } of proposals) {
    const isMeant = (piece: Piece): boolean =>
      piece.text !== '' &&
      ((target !== '' && (piece.text.includes(target) || target.includes(piece.text) || isSame(piece.text, target))) ||
        (!removal && isSame(piece.text, text)));
    let isPlaced = removal || added.some((other) => isSame(other, text));
    pieces = pieces.flatMap((piece) => {
      if (!isMeant(piece)) return [piece];
      const replaced = isPlaced ? [] : [{ text, raw: piece.raw.replace(piece.text, () => text) }];
      isPlaced = true;
      return replaced;
    });
    if (!isPlaced) added.push(text);
  }
  const head = pieces
    .map(({ raw }) => raw)
    .join('')
    .trim();
  return [...(head === '' ? [] : [head]), ...added.map((text) => `- ${text}`)].join('\n');
}
