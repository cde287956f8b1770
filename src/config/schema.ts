import { z } from 'zod';

/** More rollouts at a time than any provider takes; each has its own connection. */
export const MAX_CONCURRENCY = 1024;

/** `exact`, or `{ use: exact, ...options }`; options belong to the plug-in, which brings its own schema. */
const plugin = z
  .union([z.string(), z.looseObject({ use: z.string() })])
  .transform((spec) => (typeof spec === 'string' ? { use: spec } : spec));

/** One or several graders; several make a weighted mean. */
const grader = z.union([
  plugin,
  z
    .array(z.union([z.string(), z.looseObject({ use: z.string(), weight: z.number().positive().optional() })]))
    .min(1)
    .transform((of) => ({ use: 'mean', of })),
]);

const role = z
  .union([z.string(), z.looseObject({ use: z.string().optional(), model: z.string() })])
  .transform((spec) =>
    typeof spec === 'string' ? { use: 'openai', model: spec } : { ...spec, use: spec.use ?? 'openai' },
  )
  .pipe(
    z.looseObject({
      use: z.string(),
      model: z.string().min(1),
      /** Sampling temperature; wins over the template's own. Left to the provider's default when not given. */
      temperature: z.number().min(0).max(2).optional(),
      maxOutputTokens: z.int().positive().optional(),
    }),
  );

export type RoleConfig = z.output<typeof role>;

const price = z.strictObject({
  /** USD per million tokens. */
  input: z.number().nonnegative(),
  output: z.number().nonnegative(),
  /** Default: the price of `input`. */
  cachedInput: z.number().nonnegative().optional(),
});

/** The config file. Unknown keys are errors, so that a typo never turns into a default. */
export const configSchema = z.strictObject({
  /** The starting prompt: text, `@file`, or named components. */
  prompt: z.union([z.string(), z.record(z.string(), z.string())]).default('You are a helpful assistant.'),
  /** Sentences of the prompt that no edit may touch. */
  protected: z.array(z.string().min(1)).default([]),
  dataset: z.string().optional(),
  history: z.string().optional(),
  historySource: z.string().optional(),
  tasks: z
    .strictObject({
      /** Default 30 for a history; a dataset is taken as it is. */
      maxAgeDays: z.number().positive().optional(),
      minRating: z.number().min(0).max(5).optional(),
      limit: z.int().positive().optional(),
      categories: z.array(z.string()).optional(),
      difficulties: z.array(z.enum(['easy', 'medium', 'hard'])).optional(),
      expectObserved: z.boolean().default(false),
      skipInvalid: z.boolean().default(false),
    })
    .prefault({}),
  split: z
    .strictObject({
      val: z.number().gt(0).lt(1).default(0.2),
      /** Share of a sealed part that is looked at once, at the end. */
      test: z.number().min(0).lt(1).default(0),
    })
    .prefault({}),
  agent: plugin.prefault('chat'),
  /** Module with the agent's tools; the same as `agent: { use: chat, tools }`. */
  tools: z.string().optional(),
  grader: grader.prefault('llm'),
  models: z
    .strictObject({
      agent: role.prefault('gpt-4.1-mini'),
      grader: role.prefault('gpt-4.1-mini'),
      critic: role.prefault('gpt-5-mini'),
      editor: role.prefault('gpt-4.1-mini'),
    })
    .prefault({}),
  algorithm: plugin.prefault('apo'),
  /** On top of the algorithm: one prompt per category, easy tasks first, or each component in turn. */
  strategy: z.enum(['domain', 'progressive', 'components']).optional(),
  /** Rounds of the optimizer; its own default when not given. */
  iterations: z.int().positive().optional(),
  seed: z.int().default(0),
  /** Rollouts in parallel, and calls in flight per model. */
  concurrency: z.int().min(1).max(MAX_CONCURRENCY).default(8),
  budget: z
    .strictObject({
      rollouts: z.int().positive().optional(),
      calls: z.int().positive().optional(),
      /** Input and output tokens together. */
      tokens: z.int().positive().optional(),
      costUsd: z.number().positive().optional(),
      minutes: z.number().positive().optional(),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      /** One rollout, all its calls and tools. */
      rolloutSeconds: z.number().positive().default(300),
      /** One logical call, retries included. */
      callSeconds: z.number().positive().default(120),
    })
    .prefault({}),
  /** Share of failed or unscored rollouts in an evaluation above which the step stops. */
  failureThreshold: z.number().min(0).max(1).default(0.1),
  /** Model name -> USD per million tokens; wins over the built-in table. */
  prices: z.record(z.string(), price).default({}),
  results: z.string().default('results'),
  store: z.string().optional(),
  trace: z.boolean().default(true),
  traceFolder: z.string().optional(),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
