import { canonicalJson, type Json, type JsonObject } from '../../core/json.ts';
import type { ToolCall, ToolDefinition } from '../../core/message.ts';
import type { RecordedToolCall } from '../../core/task.ts';
import type { ToolResult } from '../agent.ts';
import { errorResult, parseArguments } from './tools.ts';

/** Answers tool calls from a recording, for one rollout. Nothing is ever executed. */
export type Replay = { answer(call: ToolCall): ToolResult };

/**
 * A call is answered by the first unused recorded call of the same name and arguments, or by a used one (asking the same
 * thing twice has the same answer); then by the next unused call of the same name, since a model seldom words a search as
 * it was worded: the result says what it was recorded for. Any other call is an error result, and so is one whose arguments
 * no tool could read.
 */
export function createReplay(recorded: readonly RecordedToolCall[]): Replay {
  const entries = recorded.map((call) => ({ call, key: keyOf(call.name, call.arguments), used: false }));
  return {
    answer(call) {
      const { name } = call.function;
      const key = keyOf(name, call.function.arguments);
      const same = entries.filter((entry) => entry.key === key);
      const parsed = parseArguments(call.function.arguments);
      if (same.length === 0 && typeof parsed === 'string') return errorResult(parsed, true);
      const found =
        same.find((entry) => !entry.used) ??
        same[0] ??
        entries.find((entry) => !entry.used && entry.call.name === name);
      if (found === undefined) return errorResult(`this call of ${name} was not recorded and is not executed`, true);
      found.used = true;
      const { result: content, is_error: isError, arguments: recordedFor } = found.call;
      return {
        content,
        isError: isError === true,
        replayed: true,
        ...(found.key === key ? {} : { recordedFor }),
      };
    },
  };
}

/** Tool definitions guessed from a recording: names in order of first use, argument keys with the types seen. */
export function definitionsOf(recorded: readonly RecordedToolCall[]): readonly ToolDefinition[] {
  const properties = new Map<string, { [key: string]: JsonObject }>();
  for (const { name, arguments: text } of recorded) {
    const known = properties.get(name) ?? {};
    properties.set(name, known);
    const parsed = parseArguments(text);
    if (typeof parsed === 'string') continue;
    for (const [key, value] of Object.entries(parsed)) known[key] ??= typeSchema(value);
  }
  return [...properties].map(([name, members]) => ({
    type: 'function',
    function: { name, parameters: { type: 'object', properties: members } },
  }));
}

function typeSchema(value: Json): JsonObject {
  if (value === null) return {};
  if (Array.isArray(value)) return { type: 'array', items: {} };
  return { type: typeof value };
}

function keyOf(name: string, text: string): string {
  const parsed = parseArguments(text);
  return `${name} ${typeof parsed === 'string' ? text : canonicalJson(parsed)}`;
}
