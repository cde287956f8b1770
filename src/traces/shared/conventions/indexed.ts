import type { Json, JsonObject } from '../../../core/json.ts';

/** Highest list position that is read from a dotted key: `a.4000000000.b` must not become a list. */
const MAX_INDEX = 1024;

/**
 * Groups keys of the form `<prefix>.<number>.<rest>` by number, in numeric order. Keys stay text in maps, so that no key
 * can reach an object's prototype and no number can allocate a sparse list.
 */
export function indexed(entries: Iterable<readonly [string, Json]>, prefix: string): readonly Map<string, Json>[] {
  const groups = new Map<number, Map<string, Json>>();
  const start = `${prefix}.`;
  for (const [key, value] of entries) {
    if (!key.startsWith(start)) continue;
    const end = key.indexOf('.', start.length);
    const digits = key.slice(start.length, end < 0 ? undefined : end);
    if (!/^\d{1,4}$/.test(digits) || Number(digits) > MAX_INDEX) continue;
    const index = Number(digits);
    const group = groups.get(index) ?? new Map<string, Json>();
    group.set(end < 0 ? '' : key.slice(end + 1), value);
    groups.set(index, group);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** Whether there is any key below the prefix; cheap, for the many spans that have none. */
export function hasIndexed(attributes: JsonObject, prefix: string): boolean {
  const start = `${prefix}.`;
  for (const key in attributes) if (key.startsWith(start)) return true;
  return false;
}
