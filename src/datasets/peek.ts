/**
 * Reads ahead until `isEnough` says so of the last chunk and the length of all of them, or nothing is left; `rest` still
 * holds what was read.
 */
export async function peek(
  bytes: AsyncIterable<Buffer>,
  isEnough: (chunk: Buffer, length: number) => boolean,
): Promise<{ readonly first: Buffer; readonly rest: AsyncIterable<Buffer> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let length = 0;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    chunks.push(next.value);
    length += next.value.length;
    if (isEnough(next.value, length)) break;
  }
  const first = Buffer.concat(chunks);
  async function* rest(): AsyncGenerator<Buffer> {
    if (first.length > 0) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  return { first, rest: rest() };
}
