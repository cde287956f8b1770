import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import type { Message } from '../../core/message.ts';
import { DIFFICULTIES, type Difficulty, type Task } from '../../core/task.ts';
import { trimContext } from '../shared/context.ts';
import type { ForeignDatabase, Row } from '../shared/database.ts';
import { createRatings, type Ratings } from '../shared/rating.ts';
import { readTime } from '../shared/time.ts';
import { expectedOf, type HistoryOptions, type HistoryRecord } from '../source.ts';
import { decodeColumn } from './decode.ts';
import { runsOf } from './runs.ts';
import type { AgnoSchema } from './schema.ts';
import { readTurn, SKIPPED_IN_HISTORY, type Turn } from './turn.ts';

export type ReadOptions = HistoryOptions & { readonly databaseName: string };

type Session = {
  readonly id: string;
  readonly row: Row;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
};

/** All top-level turns of all sessions; member runs of teams and executor runs of workflows are parts of a turn. */
export function* readSessions(
  database: ForeignDatabase,
  schema: AgnoSchema,
  options: ReadOptions,
): Generator<HistoryRecord> {
  const ratings = createRatings(() => allRatings(database, schema));
  for (const { row, runs } of runsOf(database, schema)) {
    if (row.team_session_id !== null && row.team_session_id !== undefined) continue;
    yield* readSession(sessionOf(row), runs, ratings, options);
  }
}

function sessionOf(row: Row): Session {
  const object = (value: unknown): JsonObject => {
    const decoded = decodeColumn(value);
    return isJsonObject(decoded) ? decoded : {};
  };
  return {
    id: String(row.session_id),
    row,
    data: object(row.session_data),
    metadata: { ...object(row.extra_data), ...object(row.metadata) },
  };
}

function* readSession(
  session: Session,
  runs: Iterable<Buffer>,
  ratings: Ratings,
  options: ReadOptions,
): Generator<HistoryRecord> {
  let conversation: readonly Message[] = [];
  let omitted = 0;
  let position = 0;
  const place = `agno:${options.databaseName}:${session.id}`;
  try {
    for (const bytes of runs) {
      position++;
      const parsed = parseJson(bytes.toString('utf8'));
      if (!parsed.ok || !isJsonObject(parsed.value)) {
        yield {
          kind: 'rejected',
          where: `${place}:${position}`,
          reason: parsed.ok ? 'a run is not an object' : parsed.reason,
        };
        continue;
      }
      const run = parsed.value;
      if (isPartOfAnotherRun(run)) continue;
      const body = isJsonObject(run.response) ? run.response : run;
      const runId = typeof body.run_id === 'string' && body.run_id !== '' ? body.run_id : String(position);
      const read = readTurn(run);
      if (!read.ok) {
        yield { kind: 'rejected', where: `${place}:${runId}`, reason: read.reason };
        continue;
      }
      const task = toTask(
        { id: `${place}:${runId}`, runId, session, body, turn: read.turn, conversation, omitted, ratings },
        options,
      );
      if (read.turn.status === 'REGENERATED') {
        const reason = 'regenerated: a newer run replaced it';
        yield { kind: 'rejected', where: `${place}:${runId}`, reason, replaced: task };
        continue;
      }
      yield { kind: 'task', task };
      if (!SKIPPED_IN_HISTORY.has(read.turn.status)) {
        const trimmed = trimContext([...conversation, ...read.turn.lead, ...read.turn.messages]);
        conversation = trimmed.messages;
        omitted += trimmed.omitted;
      }
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    yield { kind: 'rejected', where: `${place}:${position + 1}`, reason: error.message };
  }
}

function isPartOfAnotherRun(run: JsonObject): boolean {
  return [run.parent_run_id, run.workflow_step_id].some((id) => typeof id === 'string' && id !== '');
}

type TurnPlace = {
  readonly id: string;
  readonly runId: string;
  readonly session: Session;
  readonly body: JsonObject;
  readonly turn: Turn;
  readonly conversation: readonly Message[];
  readonly omitted: number;
  readonly ratings: Ratings;
};

function toTask(place: TurnPlace, options: ReadOptions): Task {
  const { session, body, turn } = place;
  const { row } = session;
  const raw = place.ratings.find(
    place.runId,
    [body.metadata, body.extra_data, body.session_state],
    [session.metadata, session.data.session_state, session.data],
  );
  const rating = raw === undefined ? undefined : place.ratings.normalise(raw);
  const own = isJsonObject(body.metadata) ? { ...session.metadata, ...body.metadata } : session.metadata;
  return {
    id: place.id,
    input: turn.input,
    context: [...place.conversation, ...turn.lead],
    expected: expectedOf(turn.answer, rating, options),
    observed: turn.answer,
    category: text(own.category) ?? null,
    difficulty: difficultyOf(own.difficulty),
    metadata: withoutUndefined({
      source: 'agno',
      session_id: session.id,
      run_id: place.runId,
      user_id: text(body.user_id) ?? text(row.user_id),
      timestamp: turn.timestamp ?? readTime(row.created_at),
      rating,
      model: text(body.model),
      agent_id: text(body.agent_id) ?? text(row.agent_id),
      team_id: text(body.team_id) ?? text(row.team_id),
      workflow_id: text(body.workflow_id) ?? text(row.workflow_id),
      status: turn.status === 'COMPLETED' || turn.status === 'RUNNING' ? undefined : turn.status,
      error: turn.error,
      regenerated_from: text(body.regenerated_from),
      media: turn.media.length > 0 ? turn.media : undefined,
      context_omitted: place.omitted > 0 ? place.omitted : undefined,
      tool_calls: turn.toolCalls.length > 0 ? turn.toolCalls : undefined,
      system_prompt: turn.systemPrompt,
    }),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function difficultyOf(value: Json | undefined): Difficulty | null {
  return DIFFICULTIES.find((difficulty) => difficulty === value) ?? null;
}

function withoutUndefined(record: { readonly [key: string]: Json | undefined }): JsonObject {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

function* allRatings(database: ForeignDatabase, schema: AgnoSchema): Generator<number | boolean | undefined> {
  const unscaled = createRatings(() => []);
  for (const { row, runs } of runsOf(database, schema)) {
    const session = sessionOf(row);
    const shared = [session.metadata, session.data.session_state, session.data];
    yield unscaled.find('', [], shared);
    try {
      for (const bytes of runs) {
        const parsed = parseJson(bytes.toString('utf8'));
        if (!parsed.ok || !isJsonObject(parsed.value)) continue;
        const body = isJsonObject(parsed.value.response) ? parsed.value.response : parsed.value;
        yield unscaled.find(String(body.run_id), [body.metadata, body.extra_data, body.session_state], shared);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
}
