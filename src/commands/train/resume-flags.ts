import type { Config } from '../../config/schema.ts';
import { ApoError } from '../../core/errors.ts';
import { canonicalJson, isJsonObject, type Json } from '../../core/json.ts';
import type { TrainFlags } from './options.ts';

/** Flags that say what a run is, and where their values stand in its configuration. */
const FIXED: readonly (readonly [flag: keyof TrainFlags, path: string])[] = [
  ['dataset', 'dataset'],
  ['history', 'history'],
  ['realDataDb', 'history'],
  ['historySource', 'historySource'],
  ['prompt', 'prompt'],
  ['iterations', 'iterations'],
  ['algorithm', 'algorithm.use'],
  ['strategy', 'strategy'],
  ['agentModel', 'models.agent.model'],
  ['criticModel', 'models.critic.model'],
  ['editorModel', 'models.editor.model'],
  ['graderModel', 'models.grader.model'],
  ['grader', 'grader.use'],
  ['seed', 'seed'],
  ['maxAgeDays', 'tasks.maxAgeDays'],
  ['minRating', 'tasks.minRating'],
  ['limit', 'tasks.limit'],
  ['category', 'tasks.categories'],
  ['difficulty', 'tasks.difficulties'],
  ['expectObserved', 'tasks.expectObserved'],
  ['skipInvalid', 'tasks.skipInvalid'],
  ['testSplit', 'split.test'],
];

/**
 * A resumed run is the run that was started. Repeating a flag of its start is fine; one with another value would be ignored,
 * so it is refused.
 * @param given The configuration that the flags make.
 * @throws ApoError `usage`
 */
export function refuseOtherFlags(flags: TrainFlags, given: Config, runId: string, original: Config): void {
  for (const [flag, path] of FIXED) {
    if (flags[flag] === undefined) continue;
    const [now, before] = [valueAt(given, path), valueAt(original, path)];
    if (canonicalJson(now) === canonicalJson(before)) continue;
    const name = `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new ApoError('usage', `${name} cannot be changed on resume: run ${runId} was started with ${show(before)}`, {
      hint: `leave ${name} out (or the variable APO_${name.slice(2).replaceAll('-', '_').toUpperCase()}), or start a new run; limits (--max-*) and --concurrency may change`,
    });
  }
}

function valueAt(config: Config, path: string): Json {
  let value = config as unknown as Json;
  for (const key of path.split('.')) value = isJsonObject(value) ? (value[key] ?? null) : null;
  return value;
}

const SHOWN_CHARACTERS = 60;

function show(value: Json): string {
  if (value === null) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `"${text.slice(0, SHOWN_CHARACTERS)}..."` : `"${text}"`;
}
