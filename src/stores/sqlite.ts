import { resolve } from 'node:path';
import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import { createCandidateStore } from './sqlite/candidates.ts';
import { openConnection } from './sqlite/connection.ts';
import { createJournalStore } from './sqlite/journal.ts';
import { createPromptStore } from './sqlite/prompts.ts';
import { createRolloutStore } from './sqlite/rollouts.ts';
import { createRunStore } from './sqlite/runs.ts';
import { createTraceStore } from './sqlite/traces.ts';
import type { Store } from './store.ts';

export const options = z.strictObject({
  /** The file, relative to the config file; `:memory:` keeps everything in this process. */
  path: z.string().min(1),
  /** Whether a missing file is created. Otherwise it is an error `not-found`. */
  create: z.boolean().default(true),
});

/**
 * The store in one SQLite file: WAL, every write transaction IMMEDIATE. What was committed survives the death of the process,
 * and what was waited for that of the machine, as with `synchronous=FULL` (see `sqlite/log-sync.ts`).
 * @throws ApoError `store-*`, see {@link openConnection}
 */
export default function createSqliteStore(
  given: z.infer<typeof options>,
  context: Pick<PluginContext, 'folder'>,
): Store {
  const path = given.path === ':memory:' ? given.path : resolve(context.folder, given.path);
  const connection = openConnection(path, { create: given.create });
  return {
    runs: createRunStore(connection),
    journal: createJournalStore(connection),
    rollouts: createRolloutStore(connection),
    candidates: createCandidateStore(connection),
    prompts: createPromptStore(connection),
    traces: createTraceStore(connection),
    async close() {
      connection.close();
    },
  };
}
