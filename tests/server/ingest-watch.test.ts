import { expect, it } from 'vitest';
import type { IngestReply, IngestRequest } from '../../src/server/ingest.ts';
import { watched } from '../../src/server/ingest-watch.ts';

const request: IngestRequest = { signal: 'traces', body: new Uint8Array(), encoding: 'json', compression: 'identity' };
const full: IngestReply = { status: 503, rejected: 0, message: 'send them again', cause: 'the disk is full' };
const stored: IngestReply = { status: 200, rejected: 0, message: '' };
const malformed: IngestReply = { status: 400, rejected: 0, message: 'malformed' };

it('says why nothing can be stored, at most once a minute, and that it can be again', async () => {
  const told: string[] = [];
  let nowMs = 0;
  const replies: (readonly [number, IngestReply])[] = [
    [0, stored],
    [1, full],
    [2_000, full],
    [3_000, malformed],
    [70_000, full],
    [71_000, stored],
    [72_000, stored],
    [73_000, full],
  ];
  const ingest = watched(
    { submit: async () => replies.find(([at]) => at === nowMs)?.[1] ?? stored, close: async () => {} },
    (message) => told.push(`${nowMs} ${message}`),
    () => nowMs,
  );
  for (const [at, reply] of replies) {
    nowMs = at;
    expect(await ingest.submit(request)).toBe(reply);
  }
  const why = 'spans are not stored, senders get 503: the disk is full';
  expect(told).toEqual([`1 ${why}`, `70000 ${why}`, '71000 spans are stored again', `73000 ${why}`]);
});
