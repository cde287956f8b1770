import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The arrow rule of src/README.md: imports point down only, an implementation never imports another implementation,
 * type-only imports count.
 */
const SRC = resolve(import.meta.dirname, '../src');
const KINDS = ['models', 'agents', 'graders', 'history', 'optimizers', 'stores', 'exporters', 'traces', 'datasets'];
/** Files of a kind's folder that are shared by its implementations: the contract and what stands beside it. */
const CONTRACTS = new Set([
  'models/model',
  'agents/agent',
  'graders/grader',
  'history/source',
  'optimizers/optimizer',
  'stores/store',
  'stores/trace-store',
  'exporters/exporter',
  'traces/sink',
]);

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/'));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

function importsOf(file: string): string[] {
  const source = readFileSync(join(SRC, file), 'utf8');
  const specifiers = [...source.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] as string);
  return specifiers.map((specifier) => relative(SRC, resolve(SRC, dirname(file), specifier)).replaceAll('\\', '/'));
}

function stem(file: string): string {
  return file.replace(/\.ts$/, '');
}

/** Support files of a kind are declared by living in its `shared/` folder. */
function isContract(file: string): boolean {
  return CONTRACTS.has(stem(file)) || /^[^/]+\/shared\//.test(file);
}

function level(file: string): number {
  const folder = file.split('/')[0] as string;
  if (folder === 'core') return 0;
  if (folder === 'config' || folder === 'platform') return 1;
  if (KINDS.includes(folder)) return isContract(file) ? 2 : 3;
  if (folder === 'engine' || folder === 'registry') return 4;
  if (['plugins.ts', 'index.ts'].includes(file) || folder === 'server' || folder === 'worker') return 5;
  if (folder === 'commands') return 6;
  return 7;
}

/** `optimizers/beam.ts` and everything in `optimizers/apo/` are one implementation each. */
function implementationOf(file: string): string {
  return stem(file).split('/').slice(0, 2).join('/');
}

describe('architecture', () => {
  it('imports point down only', () => {
    const upward = [...imports].flatMap(([file, targets]) =>
      targets.filter((target) => level(target) > level(file)).map((target) => `${file} -> ${target}`),
    );
    expect(upward).toEqual([]);
  });

  it('engine and registry know contracts, never implementations', () => {
    const named = [...imports].flatMap(([file, targets]) =>
      level(file) === 4
        ? targets
            .filter((target) => level(target) === 3 && !target.startsWith('datasets/'))
            .map((target) => `${file} -> ${target}`)
        : [],
    );
    expect(named).toEqual([]);
  });

  it('an implementation never imports another implementation', () => {
    const sideways = [...imports].flatMap(([file, targets]) =>
      level(file) !== 3
        ? []
        : targets
            .filter((target) => level(target) === 3 && implementationOf(target) !== implementationOf(file))
            .filter(
              (target) => !['datasets', 'traces'].some((kind) => file.startsWith(kind) && target.startsWith(kind)),
            )
            .map((target) => `${file} -> ${target}`),
    );
    expect(sideways).toEqual([]);
  });

  it('has no import cycles', () => {
    const done = new Set<string>();
    const cycles: string[] = [];
    function visit(file: string, path: readonly string[]): void {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    }
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it.each([
    ['process.env', /\bprocess\.env\b/, /^config\//],
    ['process.exit', /\bprocess\.exit\b/, /^cli\.ts$/],
  ])('%s is used in one place only', (_name, pattern, allowed) => {
    const uses = files.filter((file) => pattern.test(stripComments(file)) && !allowed.test(file));
    expect(uses).toEqual([]);
  });

  it('core, engine and optimizers take clock and randomness as arguments', () => {
    const uses = files
      .filter((file) => /^(core|engine|optimizers)\//.test(file))
      .filter((file) =>
        /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|randomUUID|randomBytes)\b/.test(stripComments(file)),
      );
    expect(uses).toEqual([]);
  });

  // Non-null assertions and `any` elsewhere are the linter's.
  it('the benchmarks import files that there are', () => {
    const bench = resolve(SRC, '../bench');
    const scripts = readdirSync(bench, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
    const missing = scripts.flatMap((script) =>
      [...readFileSync(join(bench, script), 'utf8').matchAll(/'(?:\.\.\/)+dist\/([\w/.-]+)\.js'/g)]
        .map((match) => `${match[1]}.ts`)
        .filter((file) => !files.includes(file))
        .map((file) => `${script}: ${file}`),
    );
    expect(scripts.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it('databases are opened in `keepStatements` only, or Node 24 ends the process at some collection of garbage', () => {
    const found = ['src', 'tests'].flatMap((folder) => {
      const root = resolve(SRC, '..', folder);
      const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
      return sources.flatMap((path) => {
        const text = readFileSync(join(root, path), 'utf8');
        const name = /import (\w+) from 'better-sqlite3'/.exec(text)?.[1];
        if (name === undefined) return [];
        const opened = text.split(`new ${name}(`).slice(0, -1);
        return opened.filter((before) => !before.endsWith('keepStatements(')).map(() => `${folder}/${path}`);
      });
    });
    expect(found).toEqual([]);
  });

  it('src has no `any`', () => {
    const uses = files.filter((file) => /(:|as|<)\s*any\b/.test(stripComments(file)));
    expect(uses).toEqual([]);
  });
});

function stripComments(file: string): string {
  return readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}
