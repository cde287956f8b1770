import { ApoError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { PromptStore, PromptVersion } from '../store.ts';
import type { Connection, Row } from './connection.ts';

const SELECT = `select version, components, prompt_results.* from prompt_results join prompts using (prompt_id)`;
const NEWEST = 'order by prompt_results.position desc';

/** `p-` and four hex digits. */
const SHORTEST_PREFIX = 6;

/** A prompt text has one version number for ever; each run that ends with it adds one result. */
export function createPromptStore(connection: Connection): PromptStore {
  function newestResult(promptId: string): PromptVersion | undefined {
    const row = connection.get(`${SELECT} where prompt_id = ? ${NEWEST} limit 1`, promptId);
    return row === undefined ? undefined : versionOf(connection, row);
  }

  function resolve(reference: string): string | undefined {
    const exact = connection.get(
      `with given (reference) as (values (?))
       select prompt_id, 1 as rank from labels, given where label = reference
       union all select prompt_id, 2 from prompts, given where prompt_id = reference
       union all select prompt_id, 3 from prompts, given where reference in (version || '', 'v' || version)
       order by rank limit 1`,
      reference,
    );
    if (exact !== undefined) return String(exact.prompt_id);
    const prefix = reference.startsWith('p-') ? reference : `p-${reference}`;
    // A shorter one is rather a version number that does not exist.
    if (prefix.length < SHORTEST_PREFIX) return undefined;
    const matches = connection.all(
      'select prompt_id from prompts where substr(prompt_id, 1, ?) = ? limit 2',
      prefix.length,
      prefix,
    );
    if (matches.length > 1) {
      throw new ApoError('not-found', `prompt reference "${reference}" fits more than one prompt`, {
        hint: 'give more characters of the id; apo prompt list shows all',
      });
    }
    return matches[0] === undefined ? undefined : String(matches[0].prompt_id);
  }

  return {
    async save(given) {
      return connection.commit(() => {
        const { prompt } = given;
        connection.run(
          `insert into prompts (version, prompt_id, components)
           select coalesce(max(version), 0) + 1, ?, ? from prompts where true on conflict (prompt_id) do nothing`,
          prompt.id,
          JSON.stringify(prompt.components),
        );
        connection.run(
          `insert into prompt_results
             (prompt_id, run_id, score, interval_low, interval_high, n, verdict, created_at, explanation)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?)
           on conflict (prompt_id, run_id) do update set score = excluded.score, n = excluded.n,
             interval_low = excluded.interval_low, interval_high = excluded.interval_high,
             verdict = excluded.verdict, explanation = excluded.explanation`,
          prompt.id,
          given.runId,
          given.score,
          given.interval?.[0] ?? null,
          given.interval?.[1] ?? null,
          given.n,
          given.verdict,
          given.createdAt,
          JSON.stringify(given.explanation),
        );
        const row = connection.get(`${SELECT} where prompt_id = ? and run_id = ?`, prompt.id, given.runId);
        if (row === undefined) throw new Error('a prompt version vanished inside its own transaction');
        return versionOf(connection, row);
      });
    },
    async list() {
      return connection.all(`${SELECT} ${NEWEST}`).map((row) => versionOf(connection, row));
    },
    async find(reference) {
      const promptId = resolve(reference);
      return promptId === undefined ? undefined : newestResult(promptId);
    },
    async labels() {
      const rows = connection.all('select label, prompt_id from labels order by label');
      return Object.fromEntries(rows.map((row) => [String(row.label), String(row.prompt_id)]));
    },
    async setLabel(label, promptId) {
      await connection.commit(() => {
        if (connection.get('select 1 from prompts where prompt_id = ?', promptId) === undefined) {
          throw new ApoError('not-found', `there is no prompt ${promptId}`, { hint: 'apo prompt list shows all' });
        }
        connection.run('insert or replace into labels (label, prompt_id) values (?, ?)', label, promptId);
      });
    },
  };
}

function versionOf(connection: Connection, row: Row): PromptVersion {
  const { interval_low: low, interval_high: high } = row;
  return {
    prompt: { id: String(row.prompt_id), components: connection.parse(row.components) as { [name: string]: string } },
    version: Number(row.version),
    runId: String(row.run_id),
    score: row.score === null ? null : Number(row.score),
    interval: low === null || high === null ? null : [Number(low), Number(high)],
    n: Number(row.n),
    verdict: String(row.verdict),
    explanation: connection.parse(row.explanation) as Json,
    createdAt: String(row.created_at),
  };
}
