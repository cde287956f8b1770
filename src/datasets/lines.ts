const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Longest line that is read; longer ones are reported without being kept in memory. */
export const MAX_LINE_BYTES = 32 * 1024 * 1024;

export type Line = { readonly number: number } & (
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string }
);

/**
 * Splits at LF only, as JSON Lines defines it (a CR before it is dropped; U+2028 and a lone CR are content), and checks
 * UTF-8 line by line, so that one bad line costs one record.
 */
export async function* readLines(bytes: AsyncIterable<Buffer>, maxLineBytes = MAX_LINE_BYTES): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 1;
  const take = (): Line => {
    const line = length > maxLineBytes ? tooLong(number, maxLineBytes) : decode(number, Buffer.concat(parts));
    parts = [];
    length = 0;
    number++;
    return line;
  };
  const add = (part: Buffer): void => {
    length += part.length;
    if (length > maxLineBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  for await (const chunk of bytes) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      add(chunk.subarray(from, end));
      from = end + 1;
      yield take();
    }
    add(chunk.subarray(from));
  }
  if (length > 0) yield take();
}

function tooLong(number: number, maxLineBytes: number): Line {
  return { number, ok: false, reason: `the line is longer than ${Math.round(maxLineBytes / 1024 / 1024)} MiB` };
}

function decode(number: number, bytes: Buffer): Line {
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  try {
    return {
      number,
      ok: true,
      text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, end)),
    };
  } catch {
    return { number, ok: false, reason: 'the line is not UTF-8' };
  }
}
