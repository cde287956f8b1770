import type { Span } from '../../../core/trace.ts';
import type { Connection, Row, Value } from '../connection.ts';
import { type Counted, padded, preview, type SpanDescription } from './describe.ts';

/** A trace's row while spans are added to it. */
export type Summary = {
  /** Row id; the upper bits of the ids of its spans. */
  readonly id: number;
  readonly traceId: string;
  readonly isNew: boolean;
  /** What stands in the indexes now, see {@link updateSummary}. */
  readonly indexed: readonly Value[];
  startNs: string;
  endNs: string;
  spans: number;
  errors: number;
  inputTokens: number;
  outputTokens: number;
  sessionId: string | null;
  userId: string | null;
  service: string;
  name: Ranked;
  input: Ranked;
  output: Ranked;
  readonly models: Set<string>;
  readonly tools: Set<string>;
  readonly addedNames: [kind: 'model' | 'tool', name: string][];
};
type Ranked = { readonly text: string; readonly rank: string };

/** Names in a summary; a trace with more is still found by each of them. */
const MAX_NAMES = 64;
const NOTHING: Ranked = { text: '', rank: '' };

/** Spans of one trace that ids have room for: 2^24, leaving 2^29 traces below the largest exact number. */
export const SPANS_PER_TRACE = 2 ** 24;

/** The summaries of these traces, empty ones for those that are new. */
export function loadSummaries(connection: Connection, traceIds: Iterable<string>): Map<string, Summary> {
  let nextId = 1 + Number(connection.get('select max(id) as id from traces')?.id ?? 0);
  const summaries = new Map<string, Summary>();
  for (const traceId of traceIds) {
    const row = connection.get('select * from traces where trace_id = ?', traceId);
    summaries.set(traceId, row === undefined ? emptySummary(traceId, nextId++) : summaryOf(traceId, row));
  }
  return summaries;
}

/** The id of the trace's span number `index`, counted by arrival. */
export function spanRowId({ id }: Summary, index: number): number {
  return id * SPANS_PER_TRACE + index;
}

function emptySummary(traceId: string, id: number): Summary {
  return {
    id,
    traceId,
    isNew: true,
    indexed: [],
    startNs: '',
    endNs: '',
    spans: 0,
    errors: 0,
    inputTokens: 0,
    outputTokens: 0,
    sessionId: null,
    userId: null,
    service: '',
    name: NOTHING,
    input: NOTHING,
    output: NOTHING,
    models: new Set(),
    tools: new Set(),
    addedNames: [],
  };
}

function summaryOf(traceId: string, row: Row): Summary {
  return {
    id: Number(row.id),
    traceId,
    isNew: false,
    indexed: [String(row.start_ns), row.session_id ?? null, row.user_id ?? null, Number(row.errors)],
    startNs: String(row.start_ns),
    endNs: String(row.end_ns),
    spans: Number(row.spans),
    errors: Number(row.errors),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    sessionId: row.session_id === null ? null : String(row.session_id),
    userId: row.user_id === null ? null : String(row.user_id),
    service: String(row.service),
    name: { text: String(row.name), rank: String(row.name_rank) },
    input: { text: String(row.input), rank: String(row.input_rank) },
    output: { text: String(row.output), rank: String(row.output_rank) },
    models: new Set(JSON.parse(String(row.models)) as string[]),
    tools: new Set(JSON.parse(String(row.tools)) as string[]),
    addedNames: [],
  };
}

/** Adds one span; `before` is what the same span counted for when it arrived earlier. */
export function addToSummary(
  summary: Summary,
  span: Span,
  { facts, counted, tools, input, output }: SpanDescription,
  before: Counted | undefined,
): void {
  const startNs = padded(span.startNs);
  const endNs = padded(span.endNs);
  if (before === undefined) summary.spans++;
  // Feedback given days later is part of the trace, but not of what happened in it.
  if (span.attributes['apo.feedback'] === true && summary.startNs !== '') return;
  if (summary.startNs === '' || startNs < summary.startNs) summary.startNs = startNs;
  if (endNs > summary.endNs) summary.endNs = endNs;
  summary.errors += counted.failed - (before?.failed ?? 0);
  summary.inputTokens += counted.inputTokens - (before?.inputTokens ?? 0);
  summary.outputTokens += counted.outputTokens - (before?.outputTokens ?? 0);
  summary.sessionId ??= facts.sessionId;
  summary.userId ??= facts.userId;
  if (summary.service === '') summary.service = facts.service;
  const isRoot = span.parentSpanId === null;
  // Root before others; then the first start for name and input, the last end for the output.
  const nameRank = `${isRoot ? 0 : 1}${startNs}`;
  if (comesBefore(nameRank, summary.name)) summary.name = { text: span.name, rank: nameRank };
  const level = isRoot ? 0 : span.kind === 'model' ? 1 : 2;
  // Most spans of a trace lose here, so their texts are not shortened before.
  const inputRank = `${level}${startNs}`;
  if (input !== '' && comesBefore(inputRank, summary.input)) summary.input = shown(input, inputRank, summary.input);
  const outputRank = `${2 - level}${endNs || startNs}`;
  if (output !== '' && outputRank >= summary.output.rank) summary.output = shown(output, outputRank, summary.output);
  for (const model of facts.models) addName(summary, 'model', model);
  for (const tool of tools) addName(summary, 'tool', tool);
}

function comesBefore(rank: string, { rank: other }: Ranked): boolean {
  return other === '' || rank <= other;
}

/** A text of white space only shows nothing and replaces nothing. */
function shown(text: string, rank: string, before: Ranked): Ranked {
  const line = preview(text);
  return line === '' ? before : { text: line, rank };
}

function addName(summary: Summary, kind: 'model' | 'tool', given: string): void {
  const name = given.slice(0, 256);
  const names = kind === 'model' ? summary.models : summary.tools;
  if (names.has(name)) return;
  if (names.size < MAX_NAMES) names.add(name);
  summary.addedNames.push([kind, name]);
}

export function saveSummary(connection: Connection, summary: Summary): void {
  if (summary.isNew) insertSummary(connection, summary);
  else updateSummary(connection, summary);
  for (const [kind, name] of summary.addedNames) {
    connection.run('insert or ignore into trace_names (kind, name, trace) values (?, ?, ?)', kind, name, summary.id);
  }
}

function insertSummary(connection: Connection, summary: Summary): void {
  connection.run(
    `insert into traces (start_ns, session_id, user_id, errors, end_ns, spans, input_tokens, output_tokens, service,
       name, name_rank, models, tools, input, input_rank, output, output_rank, id, trace_id, feedback)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)`,
    ...indexedValues(summary),
    ...otherValues(summary),
    summary.id,
    summary.traceId,
  );
}

/** Columns that stand in an index are left alone while they stay as they are: writing them rewrites every index. */
function updateSummary(connection: Connection, summary: Summary): void {
  const values = indexedValues(summary);
  if (!sameValues(values, summary.indexed)) {
    connection.run(
      'update traces set start_ns = ?, session_id = ?, user_id = ?, errors = ? where id = ?',
      ...values,
      summary.id,
    );
  }
  connection.run(
    `update traces set end_ns = ?, spans = ?, input_tokens = ?, output_tokens = ?, service = ?, name = ?, name_rank = ?,
       models = ?, tools = ?, input = ?, input_rank = ?, output = ?, output_rank = ? where id = ?`,
    ...otherValues(summary),
    summary.id,
  );
}

function indexedValues({ startNs, sessionId, userId, errors }: Summary): readonly Value[] {
  return [startNs, sessionId, userId, errors];
}

function sameValues(a: readonly Value[], b: readonly Value[]): boolean {
  return a.every((value, index) => value === b[index]);
}

function otherValues(summary: Summary): readonly Value[] {
  const { name, input, output } = summary;
  return [
    summary.endNs,
    summary.spans,
    summary.inputTokens,
    summary.outputTokens,
    summary.service,
    name.text,
    name.rank,
    JSON.stringify([...summary.models]),
    JSON.stringify([...summary.tools]),
    input.text,
    input.rank,
    output.text,
    output.rank,
  ];
}
