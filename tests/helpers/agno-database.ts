import { openDatabase } from './database.ts';

export type Run = { readonly [key: string]: unknown };
export type Session = {
  readonly id: string;
  readonly runs: readonly Run[];
  readonly type?: 'agent' | 'team' | 'workflow';
  readonly metadata?: unknown;
  readonly sessionData?: unknown;
};

/** As agno 2.x writes it: JSON columns encoded twice, None as the text `null`. */
export function writeAgnoV2(path: string, sessions: readonly Session[], table = 'agno_sessions'): void {
  const database = openDatabase(path);
  const name = `"${table.replaceAll('"', '""')}"`;
  database.exec(`CREATE TABLE ${name} (session_id VARCHAR NOT NULL, session_type VARCHAR NOT NULL, agent_id VARCHAR,
    team_id VARCHAR, workflow_id VARCHAR, user_id VARCHAR, session_data JSON, agent_data JSON, team_data JSON,
    workflow_data JSON, metadata JSON, runs JSON, summary JSON, created_at BIGINT NOT NULL, updated_at BIGINT,
    PRIMARY KEY (session_id))`);
  const insert = database.prepare(
    `INSERT INTO ${name} VALUES (?, ?, 'a1', NULL, NULL, 'u1', ?, 'null', 'null', 'null', ?, ?, 'null', 1795228761, NULL)`,
  );
  const twice = (value: unknown): string => (value === undefined ? 'null' : JSON.stringify(JSON.stringify(value)));
  for (const { id, runs, type, metadata, sessionData } of sessions) {
    insert.run(id, type ?? 'agent', twice(sessionData ?? {}), twice(metadata), twice(runs));
  }
  database.close();
}

export type Said = { readonly role: string; readonly content?: unknown; readonly [key: string]: unknown };

/** A finished run of one question and one answer. */
export function makeRun(id: string, question: string, answer: string, more: Run = {}): Run {
  return {
    run_id: id,
    agent_id: 'a1',
    content: answer,
    content_type: 'str',
    status: 'COMPLETED',
    created_at: 1795228761,
    messages: [
      { role: 'system', content: 'Be brief.', from_history: false, created_at: 1795228761 },
      { role: 'user', content: question, from_history: false, created_at: 1795228761 },
      { role: 'assistant', content: answer, from_history: false, created_at: 1795228762 },
    ],
    input: { input_content: question },
    ...more,
  };
}
