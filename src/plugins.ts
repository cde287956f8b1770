import { readFileSync } from 'node:fs';
import { isAbsolute, parse, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Agent } from './agents/agent.ts';
import type { Environment } from './config/environment.ts';
import type { PluginContext, PluginModule, PluginSpec } from './config/plugin.ts';
import { ApoError, isApoError, messageOf } from './core/errors.ts';
import { hashOf } from './core/json.ts';
import type { OutsideDetector } from './core/privacy/detector.ts';
import { STRATEGIES } from './core/strategies.ts';
import type { Exporter } from './exporters/exporter.ts';
import type { Grader } from './graders/grader.ts';
import { adaptGrader } from './graders/shared/adapt.ts';
import type { HistoryDetector, HistoryOptions, HistorySource } from './history/source.ts';
import type { Model } from './models/model.ts';
import type { Optimizer } from './optimizers/optimizer.ts';
import type { Store } from './stores/store.ts';

/** The composition root: the only file that knows all implementations. Each is loaded when it is first used. */
const PLUGINS = {
  model: {
    openai: () => import('./models/openai.ts'),
    simulated: () => import('./models/simulated.ts'),
  },
  agent: {
    chat: () => import('./agents/chat.ts'),
    http: () => import('./agents/http.ts'),
    command: () => import('./agents/command.ts'),
    module: () => import('./agents/module.ts'),
  },
  grader: {
    exact: () => import('./graders/exact.ts'),
    contains: () => import('./graders/contains.ts'),
    regex: () => import('./graders/regex.ts'),
    number: () => import('./graders/number.ts'),
    json: () => import('./graders/json.ts'),
    llm: () => import('./graders/llm.ts'),
    length: () => import('./graders/length.ts'),
    tokens: () => import('./graders/tokens.ts'),
    mean: () => import('./graders/mean.ts'),
  },
  optimizer: {
    apo: () => import('./optimizers/apo.ts'),
    beam: () => import('./optimizers/beam.ts'),
    components: () => import('./optimizers/components.ts'),
    domain: () => import('./optimizers/domain.ts'),
    progressive: () => import('./optimizers/progressive.ts'),
    protegi: () => import('./optimizers/protegi.ts'),
    gepa: () => import('./optimizers/gepa.ts'),
    opro: () => import('./optimizers/opro.ts'),
    demos: () => import('./optimizers/demos.ts'),
  },
  store: {
    sqlite: () => import('./stores/sqlite.ts'),
  },
  history: {
    agno: () => import('./history/agno/index.ts'),
    conversations: () => import('./history/conversations.ts'),
  },
  exporter: {
    openai: () => import('./exporters/openai.ts'),
    trl: () => import('./exporters/trl.ts'),
    sharegpt: () => import('./exporters/sharegpt.ts'),
    hermes: () => import('./exporters/hermes.ts'),
    verl: () => import('./exporters/verl.ts'),
    transitions: () => import('./exporters/transitions.ts'),
    csv: () => import('./exporters/csv.ts'),
  },
  // Only users' own: what is built in runs at its redaction level, not by name.
  detector: {},
} as const satisfies { [K in PluginKind]: { [name: string]: () => Promise<unknown> } };

type Kinds = {
  model: Model;
  agent: Agent;
  grader: Grader;
  optimizer: Optimizer;
  store: Store;
  history: HistorySource;
  exporter: Exporter;
  detector: OutsideDetector;
};
export type PluginKind = keyof Kinds;

export function pluginNames(kind: PluginKind): readonly string[] {
  return Object.keys(PLUGINS[kind]);
}

/** What users name; strategies are optimizers that go on top of one. */
function namesToChoose(kind: PluginKind): readonly string[] {
  const names = pluginNames(kind);
  return kind === 'optimizer' ? names.filter((name) => !STRATEGIES.some((strategy) => strategy === name)) : names;
}

/** What may stand there, with defaults. */
function knownOptions(schema: z.ZodType | undefined): string {
  if (!(schema instanceof z.ZodObject)) return '';
  const known = Object.entries(schema.shape as Readonly<Record<string, z.ZodType>>).map(([name, option]) => {
    if (!(option instanceof z.ZodDefault)) return option instanceof z.ZodOptional ? name : `${name} (needed)`;
    return `${name} (${JSON.stringify(option.parse(undefined))})`;
  });
  return known.length === 0 ? '; it has none' : `; it knows ${known.join(', ')}`;
}

/**
 * Loads a plug-in by name, or the user's own by path (`./my-grader.js`, relative to `folder`).
 * @throws ApoError `plugin-unknown`, or `plugin-invalid` when the module or its options are wrong.
 */
export async function loadPlugin<K extends PluginKind>(
  kind: K,
  spec: PluginSpec,
  context: { readonly folder: string; readonly environment: Environment },
): Promise<Kinds[K]> {
  const { use, ...given } = spec;
  const module = await importPlugin<Kinds[K]>(kind, use, context.folder);
  const options = (module.options ?? z.looseObject({})).safeParse(given);
  if (!options.success) {
    throw new ApoError('plugin-invalid', `options of ${kind} "${use}" are wrong: ${firstIssue(options.error)}`, {
      hint: `correct the options beside "use: ${use}"${knownOptions(module.options)}`,
    });
  }
  const pluginContext: PluginContext = {
    ...context,
    load: <T>(inner: PluginSpec) => loadPlugin(kind, inner, context) as Promise<T>,
  };
  if (kind === 'grader' && !Object.hasOwn(PLUGINS.grader, use)) {
    const path = resolve(context.folder, use);
    const source = { name: parse(path).name, hash: hashOf(readFileSync(path, 'utf8')) };
    return adaptGrader(module, source, options.data, pluginContext) as Promise<Kinds[K]>;
  }
  if (Object.hasOwn(PLUGINS[kind], use)) return module.default(options.data as never, pluginContext);
  return createOwn(kind, use, () => module.default(options.data as never, pluginContext));
}

/** What a user's own plug-in cannot be without, for the kinds that people write. */
const FUNCTIONS: { readonly [K in PluginKind]?: readonly (keyof Kinds[K])[] } = {
  model: ['chat'],
  agent: ['validate', 'run'],
  optimizer: ['forecast', 'run'],
};

/** A user's module may throw or return anything: then it is named, instead of failing somewhere in the run. */
async function createOwn<K extends PluginKind>(
  kind: K,
  use: string,
  create: () => Kinds[K] | Promise<Kinds[K]>,
): Promise<Kinds[K]> {
  let made: Partial<Kinds[K]> | null | undefined;
  try {
    made = await create();
  } catch (error) {
    if (isApoError(error)) throw error;
    throw new ApoError('plugin-invalid', `${kind} "${use}" cannot be created: ${messageOf(error)}`, {
      hint: 'correct the module, or its options in the config',
      cause: error,
    });
  }
  const missing = FUNCTIONS[kind]?.find((name) => typeof made?.[name] !== 'function');
  if (missing === undefined) return made as Kinds[K];
  throw new ApoError('plugin-invalid', `${kind} "${use}" returns no function "${String(missing)}"`, {
    hint:
      kind === 'agent'
        ? `a function that answers by itself is used by { use: module, module: ${use} }`
        : `export default (options, context) => ({ ... }), see src/${kind}s/${kind}.ts`,
  });
}

/**
 * Opens a recorded history with the source of that name (or the user's own by path), or with the first one that knows it.
 * @throws ApoError `history-invalid` when the file cannot be read or no source knows it, `plugin-unknown`.
 */
export async function openHistory(
  path: string,
  sourceName: string | undefined,
  options: Omit<HistoryOptions, 'path'> & { readonly folder: string; readonly environment: Environment },
): Promise<HistorySource> {
  const { folder, environment, ...reading } = options;
  const open = (use: string): Promise<HistorySource> =>
    loadPlugin('history', { use, path, ...reading }, { folder, environment });
  if (sourceName !== undefined) return open(sourceName);
  const { openForeign, describeTables } = await import('./history/shared/database.ts');
  // Held while sources look at the file, so that a database that must be copied is copied once.
  const database = openForeign(path);
  try {
    for (const [name, load] of Object.entries(PLUGINS.history)) {
      const { detect }: HistoryDetector = await load();
      if (detect(path)) return await open(name);
    }
    throw new ApoError('history-invalid', `no conversation history in ${path}; ${describeTables(database)}`, {
      hint: `known sources: ${pluginNames('history').join(', ')}; name one with --history-source`,
    });
  } finally {
    database.close();
  }
}

async function importPlugin<T>(kind: PluginKind, use: string, folder: string): Promise<PluginModule<T>> {
  const builtIn: { [name: string]: () => Promise<unknown> } = PLUGINS[kind];
  if (Object.hasOwn(builtIn, use)) return (await builtIn[use]?.()) as PluginModule<T>;
  if (!use.startsWith('.') && !isAbsolute(use)) {
    throw new ApoError('plugin-unknown', `unknown ${kind} "${use}"`, {
      hint: `choose one of ${namesToChoose(kind).join(', ')}, or a path such as ./my-${kind}.js`,
    });
  }
  const path = resolve(folder, use);
  let module: Partial<PluginModule<T>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new ApoError(
      'plugin-invalid',
      `cannot load ${kind} ${path}: ${messageOf(error).replace(/ imported from .*$/s, '')}`,
      {
        hint: `${isAbsolute(use) ? '' : 'the path is relative to the config file; '}the file must be an ES module`,
        cause: error,
      },
    );
  }
  const hasGrade = kind === 'grader' && 'grade' in module;
  if (typeof module.default !== 'function' && !hasGrade) {
    throw new ApoError('plugin-invalid', `${kind} ${path} has no default-exported function`, {
      hint: `export default (options, context) => ({ ... }), see src/${kind}s/${kind}.ts`,
    });
  }
  return module as PluginModule<T>;
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'invalid' : `${issue.path.join('.') || 'options'}: ${issue.message}`;
}
