import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/core/json.ts';
import { createRowWriter } from '../../../src/exporters/pipeline/rows.ts';
import { createShape, settled, widen } from '../../../src/exporters/pipeline/shape.ts';
import { temporaryFolder } from '../../helpers/folder.ts';

const folder = temporaryFolder();

async function roundTrip(rows: readonly JsonObject[]): Promise<readonly Record<string, unknown>[]> {
  const path = join(folder, 'x.parquet');
  const shape = rows.reduce<ReturnType<typeof createShape>>((known, row) => widen(known, row), createShape());
  const writer = createRowWriter('parquet', path, settled(shape));
  for (const row of rows) writer.write(row);
  writer.commit();
  const bytes = readFileSync(path);
  return parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
  });
}

/** What a reader sees: missing members are null, whole numbers are BigInt and have no negative zero. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint' || Object.is(value, -0)) return Number(value) + 0;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== null && member !== undefined)
        .map(([name, member]) => [name, plain(member)]),
    );
  }
  return value;
}

const message = fc.record(
  {
    role: fc.constantFrom('user', 'tool'),
    content: fc.string(),
    calls: fc.array(fc.record({ id: fc.string(), n: fc.integer() }), { maxLength: 2 }),
  },
  { requiredKeys: ['role', 'content'] },
);

describe('Parquet files', () => {
  it('give nested rows back, whatever members each row has', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            messages: fc.array(message, { maxLength: 3 }),
            x: fc.double({ noNaN: true, noDefaultInfinity: true }),
          }),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        async (rows) => {
          expect((await roundTrip(rows as JsonObject[])).map(plain)).toEqual(rows.map(plain));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('hold what has no common type as JSON text', async () => {
    const rows: JsonObject[] = [{ v: 1 }, { v: 'x' }, { v: { a: 1 } }, { v: null }, { v: [1] }];
    const read = await roundTrip(rows);
    expect(read.map(({ v }) => v)).toEqual(['1', 'x', '{"a":1}', null, '[1]']);
  });

  it('keep tool arguments and schemas as objects where all have the same keys', async () => {
    const tool = (name: string) => ({ name, parameters: { type: 'object', properties: { city: { type: 'string' } } } });
    const rows = ['Paris', 'Rome'].map((city) => ({ tools: [tool('a'), tool('b')], call: { arguments: { city } } }));
    expect((await roundTrip(rows)).map(plain)).toEqual(rows);
  });

  it('write arguments and schemas as text where a gap would read as a null that nobody wrote', async () => {
    const rows: JsonObject[] = [
      { tools: [{ name: 'a', parameters: { properties: { city: 1 } } }], call: { arguments: { city: 'Paris' } } },
      { tools: [{ name: 'b', parameters: { properties: { n: 1 } } }], call: { arguments: { n: 1 } }, other: { x: 1 } },
      { tools: [], call: { arguments: {} }, other: { y: 1 } },
    ];
    const read = await roundTrip(rows);
    expect(read.map(({ call }) => call)).toEqual([
      { arguments: '{"city":"Paris"}' },
      { arguments: '{"n":1}' },
      { arguments: '{}' },
    ]);
    expect(read[0]?.tools).toEqual([{ name: 'a', parameters: '{"properties":{"city":1}}' }]);
    expect(plain(read[1]?.other)).toEqual({ x: 1 });
  });

  it('span many row groups', async () => {
    const rows = Array.from({ length: 2_500 }, (_, index): { readonly [key: string]: Json } => ({
      index,
      list: [`${index}`],
    }));
    const read = await roundTrip(rows);
    expect(read).toHaveLength(2_500);
    expect(plain(read[2_499])).toEqual({ index: 2_499, list: ['2499'] });
  });
});
