import type { IncomingMessage } from 'node:http';

/** How much of a refused body is read and thrown away, so that the client gets to see the answer. */
const MAX_DISCARDED_BYTES = 128 * 1024 * 1024;

/** `too-large` as soon as that is certain; `gone` when the client went away. */
export type ReadBody = Uint8Array<ArrayBuffer> | 'too-large' | 'gone';

/** Reads a body of at most `maxBytes` into memory of its own, which may be transferred to another thread. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<ReadBody> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too-large');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBytes) {
        request.off('data', onData);
        resolve('too-large');
      }
    };
    request.on('data', onData);
    request.on('end', () => resolve(joined(chunks, size)));
    request.on('close', () => resolve('gone'));
    request.on('error', () => resolve('gone'));
  });
}

function joined(chunks: readonly Buffer[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}

/**
 * Reads what is left of a refused request without keeping it; cuts the connection when that is too much. It must not be
 * closed before `done` is called: a client that is still sending would see a broken pipe instead of the answer, and send
 * again.
 */
export function discardBody(request: IncomingMessage, done: () => void): void {
  let discarded = 0;
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) request.destroy();
  });
  request.once('end', done);
  request.resume();
}
