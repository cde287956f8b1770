import type { Config } from '../../config/schema.ts';
import { ApoError } from '../../core/errors.ts';
import { canonicalJson, isJsonObject, type Json } from '../../core/json.ts';
import { CONFIG_FLAGS, optionOf, type TrainFlags, variableOf } from './options.ts';

/**
 * A resumed run is the run that was started. Repeating a flag of its start is fine; one with another value would be ignored,
 * so it is refused.
 * @param given The configuration that the flags make.
 * @throws ApoError `usage`
 */
export function refuseOtherFlags(flags: TrainFlags, given: Config, runId: string, original: Config): void {
  for (const [flag, { fixed }] of CONFIG_FLAGS) {
    if (fixed === undefined || flags[flag] === undefined) continue;
    const [now, before] = [valueAt(given, fixed), valueAt(original, fixed)];
    if (canonicalJson(now) === canonicalJson(before)) continue;
    const name = optionOf(flag);
    throw new ApoError('usage', `${name} cannot be changed on resume: run ${runId} was started with ${show(before)}`, {
      hint: `leave ${name} out (or the variable ${variableOf(flag)}), or start a new run; limits (--max-*) and --concurrency may change`,
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
