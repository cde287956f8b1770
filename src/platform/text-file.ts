import { readFileSync } from 'node:fs';

/**
 * A text file that a person wrote, without its byte order mark: UTF-8, or UTF-16 as Windows' shells write it.
 * @throws what the file system says, or that the bytes are no text
 */
export function readTextFile(path: string): string {
  const bytes = readFileSync(path);
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error('it is not UTF-8 text', { cause });
  }
}
