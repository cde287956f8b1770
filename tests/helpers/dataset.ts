import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from '../../src/core/task.ts';
import { type CleanOptions, createCleaner, type DropReason } from '../../src/datasets/clean.ts';
import { assertUsable, createNotes, type LoadOptions, type Rejected, streamDataset } from '../../src/datasets/load.ts';
import { temporaryFolder } from './folder.ts';

/** A whole dataset in memory, judged as training judges it. */
export async function loadDataset(path: string, options: LoadOptions = {}) {
  const loaded = await readDataset(path);
  assertUsable(loaded.records, loaded.rejected.length, loaded.rejected, path, options);
  return loaded;
}

/** A whole dataset in memory, whatever is wrong with it. */
export async function readDataset(path: string) {
  const tasks: Task[] = [];
  const rejected: Rejected[] = [];
  const notes = createNotes();
  for await (const record of streamDataset(path, notes.add)) {
    if (record.kind === 'task') tasks.push(record.task);
    else rejected.push({ where: record.where, reason: record.reason });
  }
  return { tasks, rejected, records: tasks.length + rejected.length, warnings: notes.list() };
}

/** A file of that name in a folder of its own. */
export function fileOf(name: string, content: string | Buffer): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** What is kept of tasks, and how many are left out for which reason. */
export function cleanTasks(tasks: Iterable<Task>, options: CleanOptions) {
  const clean = createCleaner(options);
  const kept: Task[] = [];
  const dropped: { [R in DropReason]?: number } = {};
  for (const task of tasks) {
    const reason = clean(task);
    if (reason === undefined) kept.push(task);
    else dropped[reason] = (dropped[reason] ?? 0) + 1;
  }
  return { tasks: kept, dropped };
}
