import type { RolloutStatus } from '../../core/rollout.ts';
import type { RolloutOwner, RolloutStore, StoredRollout } from '../store.ts';
import { compact } from './compact.ts';
import type { Connection, Row } from './connection.ts';

/** Read ahead of a consumer: few enough that rollouts of a megabyte each stay small in memory. */
const PAGE_ROWS = 64;

/** Rollouts are whole JSON texts beside the columns that they are looked up by. */
export function createRolloutStore(connection: Connection): RolloutStore {
  return {
    async save(rollouts) {
      await connection.append(() => {
        for (const stored of rollouts) saveOne(connection, stored);
      });
    },
    // Page by page, because an open cursor would block every write of this process.
    async *list({ runId, promptId, taskId }) {
      let position: string | number | null = 0;
      for (;;) {
        const rows: readonly Row[] = connection.all(
          `select position, body from rollouts
           where run_id = ? and position > ?${promptId === undefined ? '' : ' and prompt_id = ?'}${taskId === undefined ? '' : ' and task_id = ?'}
           order by position limit ${PAGE_ROWS}`,
          runId,
          position,
          ...[promptId, taskId].filter((value) => value !== undefined),
        );
        for (const row of rows) yield connection.parse(row.body) as StoredRollout;
        if (rows.length < PAGE_ROWS) return;
        position = rows.at(-1)?.position ?? null;
      }
    },
    async get(id) {
      const row = connection.get('select body from rollouts where id = ? order by position desc limit 1', id);
      return row === undefined ? undefined : (connection.parse(row.body) as StoredRollout);
    },
    async runsOf(owner) {
      const { sql, values } = ownedBy(owner);
      const rows = connection.all(
        `select run_id from rollouts where ${sql} group by run_id order by min(position)`,
        ...values,
      );
      return rows.map((row) => String(row.run_id));
    },
    async forget(runId, owner) {
      const { sql, values } = ownedBy(owner);
      const forgotten = connection.write(() => {
        const traces = connection.all(
          `select json_extract(body, '$.rollout.traceId') as trace from rollouts where run_id = ? and ${sql}`,
          runId,
          ...values,
        );
        connection.run('delete from calls where run_id = ?', runId);
        connection.run(`delete from rollouts where run_id = ? and ${sql}`, runId, ...values);
        return traces.map(({ trace }) => String(trace));
      });
      compact(connection);
      return forgotten;
    },
    async scores({ runId, promptId }) {
      const rows = connection.all(
        `select prompt_id, task_id, iteration, split, status, score from rollouts
         where run_id = ?${promptId === undefined ? '' : ' and prompt_id = ?'} order by position`,
        ...[runId, promptId].filter((value) => value !== undefined),
      );
      return rows.map((row) => ({
        promptId: String(row.prompt_id),
        taskId: String(row.task_id),
        iteration: Number(row.iteration),
        split: row.split as StoredRollout['split'],
        status: row.status as RolloutStatus,
        score: row.score === null ? null : Number(row.score),
      }));
    },
  };
}

/** Ids of tasks from a history name the session (`agno:<db>:<session>:<run>`), also in stores of earlier versions. */
function ownedBy(owner: RolloutOwner): { readonly sql: string; readonly values: readonly string[] } {
  return 'userId' in owner
    ? { sql: "json_extract(body, '$.userId') = ?", values: [owner.userId] }
    : {
        sql: "(json_extract(body, '$.sessionId') = ? or instr(task_id, ':' || ? || ':') > 0)",
        values: [owner.sessionId, owner.sessionId],
      };
}

function saveOne(connection: Connection, stored: StoredRollout): void {
  const { rollout, grade } = stored;
  connection.run(
    `insert into rollouts (run_id, id, prompt_id, task_id, iteration, split, status, score, body)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (run_id, id) do update set prompt_id = excluded.prompt_id, task_id = excluded.task_id,
       iteration = excluded.iteration, split = excluded.split, status = excluded.status, score = excluded.score,
       body = excluded.body
     where rollouts.score is null`,
    stored.runId,
    rollout.id,
    rollout.promptId,
    rollout.taskId,
    stored.iteration,
    stored.split,
    rollout.status,
    grade.status === 'scored' ? grade.score : null,
    JSON.stringify(stored),
  );
}
