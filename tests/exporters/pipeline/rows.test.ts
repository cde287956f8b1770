import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createRowWriter } from '../../../src/exporters/pipeline/rows.ts';
import { temporaryFolder } from '../../helpers/folder.ts';

const folder = temporaryFolder();

it('ends JSON lines at line feeds only, for readers that know other line ends too', () => {
  const path = join(folder, 'x.jsonl');
  const row = { text: 'a\u2028b\u2029c\u0085d\ve\\u2028' };
  const writer = createRowWriter('jsonl', path);
  writer.write(row);
  writer.commit();
  const line = readFileSync(path, 'utf8').trimEnd();
  expect(line).not.toMatch(/[\u0085\u2028\u2029\v]/);
  expect(JSON.parse(line)).toEqual(row);
});
