import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.ts';
import { receiver } from './sinks/receiver.ts';

const DIST = join(import.meta.dirname, '../../dist/traces/index.js');

/** Runs a script in a process of its own against the built package. */
async function run(script: string): Promise<{ readonly stdout: string }> {
  const source = `import * as apo from ${JSON.stringify(DIST)};\n${script}`;
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], { timeout: 50_000 });
}

function spansIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'));
}

describe('apo/trace in a process', () => {
  it('loads no SQLite, no trainer, no schema library and no package at all', async () => {
    const { stdout } = await run(`
      import { readdirSync, readFileSync } from 'node:fs';
      import { dirname, resolve } from 'node:path';
      const seen = new Set();
      const foreign = new Set();
      const adapters = resolve(dirname(${JSON.stringify(DIST)}), 'adapters');
      function visit(file) {
        if (seen.has(file)) return;
        seen.add(file);
        for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from|import)\\s*\\(?\\s*['"]([^'"]+)['"]/g)) {
          if (name.startsWith('.')) visit(resolve(dirname(file), name));
          else if (!name.startsWith('node:')) foreign.add(name);
        }
      }
      visit(${JSON.stringify(DIST)});
      for (const file of readdirSync(adapters)) if (file.endsWith('.js')) visit(resolve(adapters, file));
      const native = process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node'));
      console.log(JSON.stringify({ foreign: [...foreign], native, api: Object.keys(apo).length }));
    `);
    expect(JSON.parse(stdout)).toMatchObject({ foreign: [], native: [] });
  });

  it('writes what was recorded when the process runs out of work', async () => {
    const folder = temporaryFolder();
    await run(`
      apo.configureTracing({ sinks: [apo.createJsonlSink({ folder: ${JSON.stringify(folder)} })] });
      apo.trace('a', () => apo.span.tool('t', () => 1));
    `);
    expect(spansIn(folder)).toHaveLength(2);
  });

  it('writes what was recorded when the process exits at once', async () => {
    const folder = temporaryFolder();
    await run(`
      apo.configureTracing({ sinks: [apo.createJsonlSink({ folder: ${JSON.stringify(folder)} })] });
      apo.trace('a', () => undefined);
      process.exit(0);
    `);
    expect(spansIn(folder)).toHaveLength(1);
  });

  it('lets the process end when the collector never answers', async () => {
    const { url, answer } = await receiver();
    answer(0);
    const { stdout } = await run(`
      const sink = apo.createOtlpExporter({ endpoint: ${JSON.stringify(url)} });
      const tracing = apo.configureTracing({ sinks: [sink] });
      for (let number = 0; number < 20_000; number++) apo.trace('a', () => undefined);
      process.on('exit', () => console.log(JSON.stringify(tracing.report())));
    `);
    expect(JSON.parse(stdout)).toMatchObject({ recorded: 20_000, sinks: [{ written: 0 }] });
  });
});
