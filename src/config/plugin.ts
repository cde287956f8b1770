import type { ZodType } from 'zod';
import type { Environment } from './environment.ts';

/** How a config names a plug-in: `exact`, or `{ use: exact, ...options }`. `use: ./file.js` is the user's own. */
export type PluginSpec = { readonly use: string; readonly [option: string]: unknown };

/** What a plug-in may need from outside. */
export type PluginContext = {
  /** Relative paths in options are relative to this folder: the config file's. */
  readonly folder: string;
  readonly environment: Environment;
  /** Loads a further plug-in of the same kind, for plug-ins that combine others. */
  load<T>(spec: PluginSpec): Promise<T>;
};

/**
 * A plug-in module: a default-exported function that returns the object, and the zod schema of its options.
 * Built-in and user plug-ins have the same shape; a user's module may leave the schema out.
 */
export type PluginModule<T, Options = never> = {
  readonly options?: ZodType<Options>;
  readonly default: (options: Options, context: PluginContext) => T | Promise<T>;
};
