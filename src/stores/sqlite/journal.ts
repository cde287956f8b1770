import { ApoError } from '../../core/errors.ts';
import { canonicalJson, type Json } from '../../core/json.ts';
import { addCost, addUsage, NO_USAGE, type Usage } from '../../core/usage.ts';
import { ROLES, type Role } from '../../models/model.ts';
import type { JournalKey, JournalReply, JournalStart, JournalStore, JournalTotals } from '../store.ts';
import type { Connection, Row } from './connection.ts';

const WHERE = 'where run_id = ? and role = ? and key = ?';

/**
 * The call journal: a start is on disk before it resolves, and with it every finish that was asked for before it. A call that was started twice
 * without a reply was sent twice; every such repetition is counted, also when the call is taken back later.
 */
export function createJournalStore(connection: Connection): JournalStore {
  function find({ runId, role, key }: JournalKey): Row | undefined {
    return connection.get(`select * from calls ${WHERE}`, runId, role, key);
  }

  function restart(call: JournalKey, row: Row, at: string): JournalStart {
    if (row.state === 'done') return { state: 'done', reply: replyOf(connection, row) };
    const inDoubt = row.state === 'started';
    connection.run(
      `update calls set state = 'started', started_at = ?, resent = resent + ? where id = ?`,
      at,
      inDoubt ? 1 : 0,
      row.id ?? null,
    );
    if (!inDoubt) return { state: 'new' };
    addTotals(connection, call, { ...NOTHING, inDoubt: 1 });
    return { state: 'in-doubt' };
  }

  return {
    async start(call, request, at) {
      const text = JSON.stringify(request);
      return connection.commit((): JournalStart => {
        const added = connection.run(
          `insert into calls (run_id, role, key, state, started_at, request) values (?, ?, ?, 'started', ?, ?)
           on conflict (run_id, role, key) do nothing`,
          call.runId,
          call.role,
          call.key,
          at,
          text,
        );
        const row = added === 1 ? undefined : find(call);
        if (row === undefined) return { state: 'new' };
        if (row.request !== text && canonicalJson(connection.parse(row.request)) !== canonicalJson(JSON.parse(text))) {
          throw mismatch(call, 'the stored call has another request under the same key');
        }
        return restart(call, row, at);
      });
    },

    async finish(call, reply, at) {
      const text = JSON.stringify(reply.reply);
      await connection.append(() => {
        const { usage, costMicroUsd } = reply;
        const row = connection.get(
          `update calls set state = 'done', attempts = ?, input = ?, output = ?, cached = ?, reasoning = ?,
             estimated = ?, cost_micro_usd = ?, finished_at = ?, reply = ? ${WHERE} and state = 'started' returning resent`,
          reply.attempts,
          usage.input,
          usage.output,
          usage.cached,
          usage.reasoning,
          usage.estimated ? 1 : 0,
          costMicroUsd,
          at,
          text,
          call.runId,
          call.role,
          call.key,
        );
        if (row === undefined) {
          // The first reply stays: it may have been used already.
          if (find(call)?.state === 'done') return;
          throw mismatch(call, 'a reply came for a call that was never started');
        }
        const { inDoubtMicroUsd = costMicroUsd } = reply;
        const resent = Number(row.resent);
        addTotals(connection, call, { calls: 1, inDoubt: 0, resent, usage, costMicroUsd, inDoubtMicroUsd });
      });
    },

    async release({ runId, role, key }) {
      await connection.commit(() =>
        connection.run(`update calls set state = 'released' ${WHERE} and state = 'started'`, runId, role, key),
      );
    },

    async releaseFaults(runId) {
      return connection.write(() => {
        const where = `where run_id = ? and state = 'done' and json_extract(reply, '$.fault') is not null`;
        for (const row of connection.all(`select role, count(*) as calls from calls ${where} group by role`, runId)) {
          connection.run(
            'update call_totals set calls = calls - ? where run_id = ? and role = ?',
            row.calls ?? 0,
            runId,
            row.role ?? '',
          );
        }
        return connection.run(`update calls set state = 'released', reply = null ${where}`, runId);
      });
    },

    async totals(runId) {
      return sumTotals(connection.all('select * from call_totals where run_id = ?', runId));
    },

    async doubtful(runId) {
      const rows = connection.all(
        `select role, key, resent, started_at,
           case when state = 'done' and json_extract(reply, '$.fault') is null then cost_micro_usd end as cost from calls
         where run_id = ? and resent > 0 order by id`,
        runId,
      );
      return rows.map((row) => ({
        role: row.role as JournalKey['role'],
        key: String(row.key),
        resent: Number(row.resent),
        costMicroUsd: row.cost === null ? null : Number(row.cost),
        startedAt: String(row.started_at),
      }));
    },
  };
}

type Change = {
  readonly calls: number;
  /** Repetitions that happen now. */
  readonly inDoubt: number;
  /** Earlier repetitions of the call that is finished now: they may have cost as much each. */
  readonly resent: number;
  readonly usage: Usage;
  readonly costMicroUsd: number | null;
  /** Of each repetition. */
  readonly inDoubtMicroUsd: number | null;
};
const NOTHING: Change = { calls: 0, inDoubt: 0, resent: 0, usage: NO_USAGE, costMicroUsd: 0, inDoubtMicroUsd: 0 };

function addTotals(connection: Connection, call: JournalKey, change: Change): void {
  const { costMicroUsd: cost, inDoubtMicroUsd: doubt } = change;
  const values = [
    change.calls,
    change.inDoubt,
    change.usage.input,
    change.usage.output,
    change.usage.cached,
    change.usage.reasoning,
    change.usage.estimated ? 1 : 0,
    cost ?? 0,
    cost === null ? 1 : 0,
    change.resent * (doubt ?? 0),
    change.resent > 0 && doubt === null ? 1 : 0,
  ];
  connection.run(
    `insert into call_totals values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (run_id, role) do update set calls = calls + excluded.calls, in_doubt = in_doubt + excluded.in_doubt,
       input = input + excluded.input, output = output + excluded.output, cached = cached + excluded.cached,
       reasoning = reasoning + excluded.reasoning, estimated = max(estimated, excluded.estimated),
       cost_micro_usd = cost_micro_usd + excluded.cost_micro_usd,
       unknown_costs = unknown_costs + excluded.unknown_costs,
       in_doubt_micro_usd = in_doubt_micro_usd + excluded.in_doubt_micro_usd,
       in_doubt_unknown_costs = in_doubt_unknown_costs + excluded.in_doubt_unknown_costs`,
    call.runId,
    call.role,
    ...values,
  );
}

function sumTotals(rows: readonly Row[]): JournalTotals {
  const callsOf = (role: Role) => Number(rows.find((row) => row.role === role)?.calls ?? 0);
  const money = (amount: string, unknown: string) =>
    rows.reduce<number | null>((sum, row) => addCost(sum, Number(row[unknown]) > 0 ? null : Number(row[amount])), 0);
  return {
    calls: Object.fromEntries(ROLES.map((role) => [role, callsOf(role)])) as JournalTotals['calls'],
    inDoubt: rows.reduce((sum, row) => sum + Number(row.in_doubt), 0),
    inDoubtMicroUsd: money('in_doubt_micro_usd', 'in_doubt_unknown_costs'),
    usage: rows.reduce((sum, row) => addUsage(sum, usageOf(row)), NO_USAGE),
    costMicroUsd: money('cost_micro_usd', 'unknown_costs'),
  };
}

function usageOf(row: Row): Usage {
  return {
    input: Number(row.input),
    output: Number(row.output),
    cached: Number(row.cached),
    reasoning: Number(row.reasoning),
    estimated: row.estimated === 1,
  };
}

function replyOf(connection: Connection, row: Row): JournalReply {
  return {
    reply: connection.parse(row.reply) as Json,
    usage: usageOf(row),
    costMicroUsd: row.cost_micro_usd === null ? null : Number(row.cost_micro_usd),
    attempts: Number(row.attempts),
  };
}

function mismatch(call: JournalKey, reason: string): ApoError {
  return new ApoError(
    'journal-mismatch',
    `journal of run ${call.runId}, ${call.role} ${call.key.slice(0, 12)}: ${reason}`,
    {
      hint: 'the run was recorded by another version of apo or with another configuration; start a new run',
    },
  );
}
