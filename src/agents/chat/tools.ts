import { ApoError, messageOf } from '../../core/errors.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../core/json.ts';
import type { ToolCall, ToolDefinition } from '../../core/message.ts';
import { abortable } from '../../platform/abort.ts';
import type { Tool, ToolResult } from '../agent.ts';
import { loadModule } from '../shared/load.ts';

/** Longest result that is shown to the model, in characters; the rest is cut with a mark. */
const MAX_RESULT_CHARACTERS = 256 * 1024;

export type Toolbox = { readonly tools: ReadonlyMap<string, Tool>; readonly sourceHash: string };

/**
 * Loads a tools module: a default export, or one named `tools`, that is a list of tools or `{ tools }`.
 * @throws ApoError `plugin-invalid`
 */
export async function loadTools(path: string, folder: string): Promise<Toolbox> {
  const { exports, path: file, sourceHash } = await loadModule('tools', path, folder);
  const main = exports.default ?? exports.tools;
  const list = isRecord(main) && 'tools' in main ? main.tools : main;
  if (!Array.isArray(list)) {
    throw new ApoError('plugin-invalid', `tools module ${file} exports no list of tools`, {
      hint: 'export default [{ name, description, parameters, execute }]',
    });
  }
  const tools = new Map<string, Tool>();
  for (const tool of list as readonly unknown[]) {
    if (!isTool(tool)) {
      throw new ApoError('plugin-invalid', `tools module ${file} has a tool without name or execute function`, {
        hint: 'each tool is { name, description, parameters, execute(arguments, { signal }) }',
      });
    }
    if (tools.has(tool.name)) {
      throw new ApoError('plugin-invalid', `tools module ${file} has two tools named "${tool.name}"`, {
        hint: 'give each tool its own name',
      });
    }
    tools.set(tool.name, tool);
  }
  return { tools, sourceHash };
}

export function definitionOf(tool: Tool): ToolDefinition {
  return {
    type: 'function',
    function: {
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      parameters: tool.parameters ?? { type: 'object', properties: {} },
    },
  };
}

/** Executes one call. What goes wrong is an error result for the model to read; only an abort is thrown. */
export async function executeTool(tool: Tool, call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
  const parsed = parseArguments(call.function.arguments);
  if (typeof parsed === 'string') return errorResult(parsed);
  try {
    const value = await abortable(signal, async () => tool.execute(parsed, { signal }));
    return { content: resultText(value), isError: false, replayed: false };
  } catch (error) {
    signal.throwIfAborted();
    return errorResult(`${tool.name} failed: ${messageOf(error)}`);
  }
}

export function errorResult(message: string, replayed = false): ToolResult {
  return { content: cut(`Error: ${message}`), isError: true, replayed };
}

/** The arguments, or why they cannot be used. Models write '' for a call without arguments. */
export function parseArguments(text: string): JsonObject | string {
  if (text.trim() === '') return {};
  const parsed = parseJson(text);
  if (!parsed.ok) return `arguments are not valid JSON: ${parsed.reason}`;
  return isJsonObject(parsed.value) ? parsed.value : 'arguments must be a JSON object';
}

function resultText(value: unknown): string {
  return cut(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
}

function cut(text: string): string {
  if (text.length <= MAX_RESULT_CHARACTERS) return text;
  return `${text.slice(0, MAX_RESULT_CHARACTERS)}\n[cut: ${text.length - MAX_RESULT_CHARACTERS} more characters]`;
}

function isTool(value: unknown): value is Tool {
  return isRecord(value) && typeof value.name === 'string' && value.name !== '' && typeof value.execute === 'function';
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
