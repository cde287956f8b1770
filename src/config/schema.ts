import { z } from 'zod';
import { STRATEGIES } from '../core/strategies.ts';
import { MAX_CONCURRENCY } from './limits.ts';

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
      /** Sampling temperature, 0 to 2; wins over the template's own. Default: the template's, else the provider's. */
      temperature: z.number().min(0).max(2).optional(),
      /** Tokens of one reply. Default: the provider's, or 4096 where tokens or cost are limited. */
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
  /** Thinking tokens, which are part of the output. Default: the price of `output`. */
  reasoning: z.number().nonnegative().optional(),
});

const spotlight = z.enum(['datamark', 'base64']);

/** Defences against text that speaks to the models of the loop; those that cost nothing are always on. */
const injection = z.strictObject({
  /** How data is shown to a role within its fence: words joined by a mark, or the whole block in base64. Default: as it is. */
  spotlight: z
    .strictObject({ grader: spotlight.optional(), critic: spotlight.optional(), editor: spotlight.optional() })
    .optional(),
  /** Share of training tasks that carry a known injection, 0 to 0.05; a proposal that obeys one is rejected. Default none. */
  decoys: z.number().min(0).max(0.05).optional(),
});

/** The config file. Unknown keys are errors, so that a typo never turns into a default. */
export const configSchema = z.strictObject({
  /** The starting prompt: text, `@file`, or named components. */
  prompt: z.union([z.string(), z.record(z.string(), z.string())]).default('You are a helpful assistant.'),
  /** Sentences of the prompt that no edit may touch. */
  protected: z.array(z.string().min(1)).default([]),
  /** File of tasks, relative to the config file. This or `history`. */
  dataset: z.string().optional(),
  /** Recorded conversations: an AGNO database or a table of conversations, relative to the config file. */
  history: z.string().optional(),
  /** Kind of the history. Default: detected. */
  historySource: z.string().optional(),
  tasks: z
    .strictObject({
      /** Default 30 for a history; a dataset is taken as it is. */
      maxAgeDays: z.number().positive().optional(),
      /** Leaves out tasks that are rated lower or not at all: 0..1, or stars above 1. Default: takes all. */
      minRating: z.number().min(0).max(5).optional(),
      /** At most this many tasks, the first ones. Default: all. */
      limit: z.int().positive().optional(),
      /** Only tasks of these; names compare without case. Default: all. */
      categories: z.array(z.string()).optional(),
      difficulties: z.array(z.enum(['easy', 'medium', 'hard'])).optional(),
      /** Takes recorded answers as expected ones even where nobody rated them. */
      expectObserved: z.boolean().default(false),
      /** Goes on when up to 5 % of the dataset's records are invalid. */
      skipInvalid: z.boolean().default(false),
    })
    .prefault({}),
  split: z
    .strictObject({
      /** Share of the tasks that select between prompts. */
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
  strategy: z.enum(STRATEGIES).optional(),
  /** Rounds of the optimizer; its own default when not given. */
  iterations: z.int().positive().optional(),
  seed: z.int().default(0),
  /** Calls in flight at most, and about as many rollouts to keep them busy. */
  concurrency: z.int().min(1).max(MAX_CONCURRENCY).default(8),
  /** Hard limits: no call starts that could pass one. Default: none. */
  budget: z
    .strictObject({
      rollouts: z.int().positive().optional(),
      calls: z.int().positive().optional(),
      /** Input and output tokens together. */
      tokens: z.int().positive().optional(),
      costUsd: z.number().positive().optional(),
      /** Of wall time; a resumed run has all of them again. */
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
  injection: injection.optional(),
  /** Share of failed or unscored rollouts in an evaluation above which the step stops. */
  failureThreshold: z.number().min(0).max(1).default(0.1),
  /** Model name -> USD per million tokens; wins over the built-in table. */
  prices: z.record(z.string(), price).default({}),
  /** Folder, relative to the config file. Default: `results` of the working directory. */
  results: z.string().default('results'),
  /** Database file. Default: `apo.db` in `results`. */
  store: z.string().optional(),
  /** Whether trajectories are written. */
  trace: z.boolean().default(true),
  /** Folder of the trajectories. Default: `trajectories` in `results`. */
  traceFolder: z.string().optional(),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
