import type { Candidate } from '../../optimizers/optimizer.ts';
import type { CandidateStore } from '../store.ts';
import type { Connection } from './connection.ts';

export function createCandidateStore(connection: Connection): CandidateStore {
  return {
    async save(runId, candidate) {
      // Of several origins of a prompt the first one is kept that was not rejected, and what is first does not depend on time.
      await connection.append(() =>
        connection.run(
          `insert into candidates (run_id, prompt_id, iteration, rejected, body) values (?, ?, ?, ?, ?)
         on conflict (run_id, prompt_id) do update set iteration = excluded.iteration, rejected = excluded.rejected,
           body = excluded.body
         where (excluded.rejected is not null, excluded.iteration, ${ordinalIn('excluded.body')})
           < (candidates.rejected is not null, candidates.iteration, ${ordinalIn('candidates.body')})`,
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
        .all(`select body from candidates where run_id = ? order by iteration, ${ordinalIn('body')}, position`, runId)
        .map((row) => connection.parse(row.body) as Candidate);
    },
  };
}

function ordinalIn(body: string): string {
  return `coalesce(json_extract(${body}, '$.ordinal'), 0)`;
}
