import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ApoError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { wholeNumber } from './ui/values.ts';

type Options = {
  readonly port: number;
  readonly host: string;
  readonly world: string;
  readonly seed: string;
  readonly faultPlan?: string;
  readonly latencyMs: number;
  readonly maxCalls?: number;
  readonly fresh: boolean;
  readonly writeDataset?: string;
  readonly writePrompt?: string;
  readonly tasks: number;
};

const count = wholeNumber({ least: 0 });

export function register(program: Command): void {
  program
    .command('simulate')
    .description('Serves a simulated model (not a language model): a small world with hidden rules, OpenAI-compatible.')
    .option('--port <number>', 'port; 0 picks a free one', wholeNumber({ least: 0, most: 65_535 }), 0)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--world <family>', 'family of worlds; a wrong name lists them', 'quickstart')
    .option('--seed <seed>', 'which world of the family', '1')
    .option(
      '--fault-plan <file|json>',
      'faults on demand: a JSON list of { kind, requests | every, from, to, role, ... }',
    )
    .option('--latency-ms <number>', 'time that every reply takes', count, 0)
    .option('--max-calls <number>', 'answers 429 insufficient_quota after this many calls', count)
    .option('--fresh', 'a repeated request is a new sample; for clients that send no seed', false)
    .option('--write-dataset <file>', 'write tasks of the world as a dataset (JSON lines) and end')
    .option('--write-prompt <file>', 'write the starting prompt of the world and end')
    .option('--tasks <number>', 'number of tasks to write, at most 600', count, 200)
    .action(simulate);
}

async function simulate(options: Options): Promise<void> {
  const { FAMILIES, isFamily } = await import('../models/simulated/families.ts');
  const { createWorld } = await import('../models/simulated/world.ts');
  if (!isFamily(options.world)) {
    throw new ApoError('usage', `unknown world "${options.world}"`, {
      hint: `choose one of ${Object.keys(FAMILIES).join(', ')}`,
    });
  }
  const world = createWorld(options.world, options.seed);
  if (options.writeDataset !== undefined || options.writePrompt !== undefined) {
    const { writeFileAtomic } = await import('../platform/files.ts');
    const { datasetOf } = await import('../models/simulated/dataset.ts');
    if (options.writePrompt !== undefined) writeFileAtomic(options.writePrompt, `${world.startPrompt}\n`);
    if (options.writeDataset === undefined) return;
    const tasks = datasetOf(world, options.tasks);
    writeFileAtomic(options.writeDataset, tasks.map((task) => `${JSON.stringify(task)}\n`).join(''));
    process.stdout.write(
      `${tasks.length} simulated tasks in ${options.writeDataset}\n\nStarting prompt:\n${world.startPrompt}\n`,
    );
    return;
  }
  const { serveSimulated } = await import('../server/simulate.ts');
  const server = await serveSimulated(world, { ...options, faults: await readFaultPlan(options.faultPlan) });
  process.stdout.write(`simulated model (world ${options.world}, seed ${options.seed}) at ${server.url}/v1\n`);
  await server.stopped;
}

async function readFaultPlan(given: string | undefined): Promise<import('../models/simulated/faults.ts').FaultPlan> {
  if (given === undefined) return [];
  const { faultPlanSchema } = await import('../models/simulated/faults.ts');
  let text = given;
  if (!given.trimStart().startsWith('[')) {
    try {
      text = readFileSync(given, 'utf8');
    } catch (error) {
      throw new ApoError('usage', `cannot read fault plan ${given}`, {
        hint: 'give a file or a JSON list',
        cause: error,
      });
    }
  }
  const parsed = parseJson(text);
  const plan = faultPlanSchema.safeParse(parsed.ok ? parsed.value : undefined);
  if (plan.success) return plan.data;
  const issue = plan.error.issues[0];
  const reason = parsed.ok ? `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}` : parsed.reason;
  throw new ApoError('usage', `fault plan is wrong: ${reason}`, {
    hint: 'a JSON list such as [{"kind":"status","status":429,"every":5}]',
  });
}
