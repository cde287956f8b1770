import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Agent } from './agents/agent.ts';
import type { Environment } from './config/environment.ts';
import type { PluginModule, PluginSpec } from './config/plugin.ts';
import { ApoError, messageOf } from './core/errors.ts';
import type { Grader } from './graders/grader.ts';
import type { HistoryDetector, HistoryOptions, HistorySource } from './history/source.ts';
import type { Model } from './models/model.ts';
import type { Optimizer } from './optimizers/optimizer.ts';

/** The composition root: the only file that knows all implementations. Each is loaded when it is first used. */
const PLUGINS = {
  model: {},
  agent: {},
  grader: {},
  history: {
    agno: () => import('./history/agno/index.ts'),
    conversations: () => import('./history/conversations.ts'),
  },
  optimizer: {},
} as const satisfies { [K in PluginKind]: { [name: string]: () => Promise<unknown> } };

type Kinds = { model: Model; agent: Agent; grader: Grader; history: HistorySource; optimizer: Optimizer };
export type PluginKind = keyof Kinds;

export function pluginNames(kind: PluginKind): readonly string[] {
  return Object.keys(PLUGINS[kind]);
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
      hint: `correct the options beside "use: ${use}"`,
    });
  }
  return module.default(options.data as never, {
    ...context,
    load: <T>(inner: PluginSpec) => loadPlugin(kind, inner, context) as Promise<T>,
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
      hint: `choose one of ${pluginNames(kind).join(', ')}, or a path such as ./my-${kind}.js`,
    });
  }
  const path = resolve(folder, use);
  let module: Partial<PluginModule<T>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new ApoError('plugin-invalid', `cannot load ${kind} ${path}: ${messageOf(error)}`, {
      hint: 'the path is relative to the config file; the file must be an ES module',
      cause: error,
    });
  }
  if (typeof module.default !== 'function') {
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
