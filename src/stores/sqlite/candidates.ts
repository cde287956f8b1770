import type { Candidate } from '../../optimizers/optimizer.ts';
import type { CandidateStore } from '../store.ts';
import type { Connection } from './connection.ts';

export function createCandidateStore(connection: Connection): CandidateStore {
  return {
    async save(runId, candidate) {
      // The first origin of a prompt is kept, unless it had been rejected and a later proposal was not.
      await connection.append(() =>
        connection.run(
          `insert into candidates (run_id, prompt_id, iteration, rejected, body) values (?, ?, ?, ?, ?)
         on conflict (run_id, prompt_id) do update set iteration = excluded.iteration, rejected = null,
           body = excluded.body
         where candidates.rejected is not null and excluded.rejected is null`,
          runId,
          candidate.prompt.id,
          candidate.iteration,
          candidate.rejected,
          JSON.stringify(candidate),
        ),
      );
    },
    async list(runId) {
      return connection
        .all('select body from candidates where run_id = ? order by position', runId)
        .map((row) => connection.parse(row.body) as Candidate);
    },
  };
}
