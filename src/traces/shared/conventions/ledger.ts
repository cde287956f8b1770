import { type Json, parseJson } from '../../../core/json.ts';
import { callsOf, type Message, type ToolCall, type ToolDefinition } from '../../../core/message.ts';
import type { Span, TraceEvent } from '../../../core/trace.ts';
import type { ToolExecution } from './convention.ts';

type ToolResultEvent = Extract<TraceEvent, { type: 'tool_result' }>;
type OpenCall = { readonly id: string; readonly name: string; readonly arguments: string };

/**
 * Writes a conversation down so that nothing is told twice. A message is known by its content and by how many equal ones
 * stand before it in the list that it came in: "yes" said twice is two messages, the same history shown twice is one.
 */
export type Ledger = {
  readonly events: readonly TraceEvent[];
  readonly hasReply: boolean;
  add(event: TraceEvent): void;
  /** One span's own view of the conversation: what it was given, then what it answered. */
  open(span: Span): { messages(list: readonly Message[], at: number): void };
  /** Ids of calls that tool spans answer by name: an execution that names none is not one of theirs. */
  claim(ids: readonly string[]): void;
  /** Tells of a call that no message has told of. Returns its id; made up when the span has none. */
  toolStarted(tool: ToolExecution, spanId: string, at: number): string;
  toolEnded(result: ToolResultEvent): void;
  /** The same failure is told once while it climbs to the root; `isOwn`: it began here. */
  failed(message: string, spanId: string, at: number, isOwn: boolean): void;
  /** Whether these tools differ from the last that were told of. */
  toolsChanged(tools: readonly ToolDefinition[]): boolean;
};

export function createLedger(): Ledger {
  const events: TraceEvent[] = [];
  const told = new Map<string, number>();
  const openCalls: OpenCall[] = [];
  const callNames = new Map<string, string>();
  const ended = new Map<string, number>();
  const failures: string[] = [];
  const claimed = new Set<string>();
  const spanCalls: OpenCall[] = [];
  const running = new Set<string>();
  let lastTools = '[]';
  let madeUpIds = 0;

  function isNew(key: string, occurrence: number): boolean {
    if ((told.get(key) ?? 0) > occurrence) return false;
    told.set(key, occurrence + 1);
    return true;
  }

  /** A message that a receiver cut is the one that an earlier span told of with more of its text. */
  function toldKey(key: string, counts: ReadonlyMap<string, number>): string {
    const start = key.search(CUT);
    if (start < 0 || told.has(key)) return key;
    const head = key.slice(0, start);
    for (const [known, times] of told) if (known.startsWith(head) && (counts.get(known) ?? 0) < times) return known;
    return key;
  }

  function tellCall(call: ToolCall, spanId: string, at: number): void {
    const { name, arguments: raw } = call.function;
    // A tool span has told of it already.
    const known = spanCalls.findIndex((own) => matches(own, call.id, name, raw));
    if (known >= 0) {
      spanCalls.splice(known, 1);
      return;
    }
    const id = call.id || `call_${++madeUpIds}`;
    openCalls.push({ id, name, arguments: raw });
    callNames.set(id, name);
    events.push({ at, spanId, type: 'tool_call', id, name, arguments: raw });
  }

  function tellMessage(message: Message, spanId: string, at: number): void {
    if (message.role === 'tool') {
      const call = takeCall(message.tool_call_id, message.name) ?? takeItem(message.tool_call_id);
      const id = call?.id ?? (message.tool_call_id || `call_${++madeUpIds}`);
      const name = message.name ?? call?.name ?? callNames.get(id) ?? '';
      const isError = message.is_error === true;
      events.push({ at, spanId, type: 'tool_result', id, name, content: message.content, isError, replayed: false });
    } else if (message.role === 'assistant') {
      const { content, reasoning_content: thinking, reasoning_summary: summary, tool_calls: calls } = message;
      if (summary) events.push({ at, spanId, type: 'thinking', content: summary, isSummary: true });
      if (thinking) events.push({ at, spanId, type: 'thinking', content: thinking });
      if (content !== '') events.push({ at, spanId, type: 'reply', content });
      for (const call of calls ?? []) tellCall(call, spanId, at);
    } else events.push({ at, spanId, type: message.role, content: message.content });
  }

  /** The oldest open call with this id, or without an id with this name. */
  function takeCall(id: string, name: string | undefined): OpenCall | undefined {
    const index = openCalls.findIndex((call) =>
      id === '' ? name === undefined || name === '' || call.name === name : call.id === id,
    );
    return index < 0 ? undefined : openCalls.splice(index, 1)[0];
  }

  /** Recorders of OpenAI's Responses API name a call by its item (`fc_...`) and its result by the call (`call_...`). */
  function takeItem(id: string): OpenCall | undefined {
    if (id === '' || callNames.has(id)) return undefined;
    const index = openCalls.findIndex((call) => call.id.startsWith('fc_'));
    return index < 0 ? undefined : openCalls.splice(index, 1)[0];
  }

  return {
    events,
    claim(ids) {
      for (const id of ids) claimed.add(id);
    },
    get hasReply() {
      return events.some(({ type }) => type === 'reply');
    },
    add: (event) => void events.push(event),
    open(span) {
      const counts = new Map<string, number>();
      return {
        messages(list, at) {
          for (const message of list) {
            const key = toldKey(keyOf(message), counts);
            const occurrence = counts.get(key) ?? 0;
            counts.set(key, occurrence + 1);
            if (isNew(key, occurrence)) tellMessage(message, span.spanId, at);
          }
        },
      };
    },
    toolStarted(tool, spanId, at) {
      // Equal calls side by side: each execution answers one of them.
      const free = tool.id === '' ? openCalls.filter(({ id }) => !running.has(id) && !claimed.has(id)) : openCalls;
      const named = tool.id === '' ? free.filter(({ name }) => name === tool.name) : [];
      const known =
        free.find((call) => matches(call, tool.id, tool.name, tool.arguments)) ??
        named.find((call) => holdsAll(tool.arguments, call.arguments)) ??
        named[0];
      if (known !== undefined) {
        running.add(known.id);
        return known.id;
      }
      const id = tool.id || `call_${++madeUpIds}`;
      const call = { id, name: tool.name, arguments: tool.arguments };
      openCalls.push(call);
      spanCalls.push(call);
      callNames.set(id, tool.name);
      events.push({ at, spanId, type: 'tool_call', ...call });
      return id;
    },
    toolEnded(result) {
      takeCall(result.id, result.name);
      running.delete(result.id);
      const key = toolKey(result.id);
      const occurrence = ended.get(key) ?? 0;
      ended.set(key, occurrence + 1);
      if (isNew(key, occurrence)) events.push(result);
    },
    failed(message, spanId, at, isOwn) {
      const short = headOf(message);
      if (!isOwn && failures.some((known) => known.includes(short) || short.includes(known))) return;
      failures.push(short);
      events.push({ at, spanId, type: 'error', message });
    },
    toolsChanged(tools) {
      const text = JSON.stringify(tools);
      if (tools.length === 0 || text === lastTools) return false;
      lastTools = text;
      return true;
    },
  };
}

/** See `cutMark` in ../otlp/shorten.ts; keys have no white space. */
const CUT = /…\[\d+bytescut\]/;

function matches(call: OpenCall, id: string, name: string, raw: string): boolean {
  return id === '' ? call.name === name && canonical(call.arguments) === canonical(raw) : call.id === id;
}

/** Whether a tool's input in some notation of its own (a bare value, Python's) shows every value of the call's arguments. */
function holdsAll(input: string, raw: string): boolean {
  const values = leavesOf(parsedOr(raw, ''));
  return values.length > 0 && values.every((value) => input.includes(value));
}

function leavesOf(value: Json): readonly string[] {
  if (value === null || typeof value === 'boolean' || value === '') return [];
  return typeof value === 'object' ? Object.values(value).flatMap(leavesOf) : [String(value)];
}

/** What of an error stays the same while frameworks add a stack and a name for each level that it passes. */
function headOf(message: string): string {
  return (message.split('Traceback (most recent call last)')[0] ?? '').trim().split('\n')[0]?.trim() || message;
}

/** JSON in one spelling: some recorders escape what others write out. */
function canonical(raw: string): string {
  return squeezed(JSON.stringify(parsedOr(raw, raw)));
}

function parsedOr(raw: string, other: Json): Json {
  const parsed = parseJson(raw);
  return parsed.ok ? parsed.value : other;
}

/** Thinking and white space are left out: a history seldom repeats them exactly. */
function keyOf(message: Message): string {
  if (message.role === 'tool') {
    return message.tool_call_id === '' ? `tool ${squeezed(message.content)}` : toolKey(message.tool_call_id);
  }
  const told = callsOf(message)
    .map(({ function: call }) => `${call.name}(${canonical(call.arguments)})`)
    .join(' ');
  return `${message.role} ${squeezed(message.content)} ${told}`;
}

function toolKey(id: string): string {
  return `result ${id}`;
}

function squeezed(text: string): string {
  return text.replace(/\s+/g, '');
}
