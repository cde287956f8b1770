import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseJson } from '../../core/json.ts';
import type { Task } from '../../core/task.ts';

export async function* readTasks(kind: 'history' | 'dataset', path: string): AsyncIterable<Task> {
  if (kind === 'history') return;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const parsed = parseJson(line);
    if (parsed.ok) yield parsed.value as unknown as Task;
  }
}
