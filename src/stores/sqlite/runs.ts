import { ApoError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Owner, Run, RunStatus, RunStore } from '../store.ts';
import type { Connection, Row } from './connection.ts';
import { claimRun, ownerOf } from './owners.ts';

export function createRunStore(connection: Connection): RunStore {
  return {
    async create(run) {
      await connection.commit(() =>
        connection.run(
          `insert into runs (id, status, reason, algorithm, seed, created_at, updated_at, config, result)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
          run.id,
          run.status,
          run.reason,
          run.algorithm,
          run.seed,
          run.createdAt,
          run.updatedAt,
          JSON.stringify(run.config),
          run.result === null ? null : JSON.stringify(run.result),
        ),
      );
    },
    async get(id) {
      const row = connection.get('select * from runs where id = ?', id);
      return row === undefined ? undefined : runOf(connection, row);
    },
    async list(filter = {}) {
      return connection
        .all(
          `select * from runs where status = coalesce(?, status)
           order by created_at desc, rowid desc limit ?`,
          filter.status ?? null,
          filter.limit ?? -1,
        )
        .map((row) => runOf(connection, row));
    },
    async update(id, change) {
      const changed = await connection.commit(() =>
        connection.run(
          `update runs set status = coalesce(?, status), reason = coalesce(?, reason), config = coalesce(?, config),
           updated_at = coalesce(?, updated_at), result = case when ? then ? else result end
         where id = ?`,
          change.status ?? null,
          change.reason ?? null,
          change.config === undefined ? null : JSON.stringify(change.config),
          change.updatedAt ?? null,
          change.result === undefined ? 0 : 1,
          change.result === undefined || change.result === null ? null : JSON.stringify(change.result),
          id,
        ),
      );
      if (changed === 0) throw unknownRun(id);
    },
    async claim(id, owner) {
      await connection.commit(() => {
        if (connection.get('select 1 from runs where id = ?', id) === undefined) throw unknownRun(id);
        claimRun(connection, id, owner);
      });
    },
    async release(id, owner) {
      await connection.commit(() =>
        connection.run('delete from owners where run_id = ? and pid = ? and host = ?', id, owner.pid, owner.host),
      );
    },
    async owner(id): Promise<Owner | undefined> {
      return ownerOf(connection, id);
    },
  };
}

function unknownRun(id: string): ApoError {
  return new ApoError('not-found', `there is no run ${id}`, { hint: 'apo runs list shows all runs' });
}

function runOf(connection: Connection, row: Row): Run {
  return {
    id: String(row.id),
    status: row.status as RunStatus,
    reason: String(row.reason),
    algorithm: String(row.algorithm),
    seed: Number(row.seed),
    config: connection.parse(row.config) as JsonObject,
    createdAt: String(row.created_at),
    updatedAt: String(row.updated_at),
    result: row.result === null ? null : (connection.parse(row.result) as JsonObject),
  };
}
