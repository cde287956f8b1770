import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { datasetOf } from '../../src/models/simulated/dataset.ts';
import { respond } from '../../src/models/simulated/respond.ts';
import { createWorld } from '../../src/models/simulated/world.ts';
import { type FakeReply, type FakeRequest, type Fault, startFakeProvider } from './fake-provider.ts';
import { repositoryPath } from './process.ts';

/** A world behind an OpenAI-compatible server of this process, which a trainer in another process talks to. */
export async function startWorld(
  script: {
    readonly faults?: (request: FakeRequest) => Fault | undefined;
    readonly latencyMs?: number;
    /** Answers instead of the world where it returns something. */
    readonly override?: (request: FakeRequest) => FakeReply | undefined;
  } = {},
) {
  const { override = () => undefined, ...rest } = script;
  const world = createWorld('quickstart', 1);
  const reply = (asked: FakeRequest): FakeReply => {
    const other = override(asked);
    if (other !== undefined) return other;
    const { body } = asked;
    const request = body as unknown as Parameters<typeof respond>[1];
    const { content } = respond(world, request, (body.seed as number | undefined) ?? 0);
    return content;
  };
  return startFakeProvider({ reply, ...rest });
}

export const KEY = 'sk-canary-0123456789abcdef';

/** Tasks of the same world, `count` of them, as JSON lines. */
export function worldTasks(count: number): string {
  return datasetOf(createWorld('quickstart', 1), count)
    .map((task) => JSON.stringify(task))
    .join('\n');
}

/** Arguments of a short training run against a provider. */
export function trainArguments(more: readonly string[] = []): string[] {
  return [
    'train',
    '--dataset',
    'tasks.jsonl',
    '--grader',
    'exact',
    '--prompt',
    'You are a support assistant.',
    '--quiet',
    ...more,
  ];
}

/** What must be equal between equal runs: the result without what names the run, times it or says where it is. */
export function lasting(result: { readonly [key: string]: unknown }): string {
  const { runId: _run, durationMs: _duration, files: _files, ...rest } = result;
  return JSON.stringify(rest);
}

/** Every byte under a folder, for looking for what must not be there. */
export function allBytes(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

export { repositoryPath };
