import pc from 'picocolors';
import { parseJson } from '../../core/json.ts';
import type { TraceEvent } from '../../core/trace.ts';
import { counted, ellipsis, terminalSafe } from '../../platform/text.ts';
import { formatDuration } from './time.ts';

type ToolResult = Extract<TraceEvent, { type: 'tool_result' }>;

/** Characters of arguments and results of a folded tool call. */
const FOLDED = 100;

/** A trace as people talk: who said what. Tool calls are one line each, errors red, thinking dim. */
export function renderConversation(events: readonly TraceEvent[], full: boolean): string {
  const results = new Map<string, ToolResult[]>();
  for (const event of events) {
    if (event.type !== 'tool_result') continue;
    const list = results.get(event.id);
    if (list === undefined) results.set(event.id, [event]);
    else list.push(event);
  }
  const shown = new Set<ToolResult>();
  const lines = events.flatMap((event) => {
    switch (event.type) {
      case 'model_call':
        return (event.otherReplies ?? []).map((text) => `${OTHER_REPLY}\n${pc.dim(indented(text))}`);
      case 'tool_call': {
        const result = results.get(event.id)?.shift();
        if (result !== undefined) shown.add(result);
        return [renderCall(event.name, event.arguments, event.at, result, full)];
      }
      case 'tool_result':
        return shown.has(event) ? [] : [renderCall(event.name, '', event.at, event, full)];
      case 'error':
        return [pc.red(`error  ${full ? terminalSafe(event.message) : briefly(event.message)}`)];
      default:
        return [
          `${TITLES[event.type]}\n${event.type === 'thinking' ? pc.dim(indented(event.content)) : indented(event.content)}`,
        ];
    }
  });
  return lines.join('\n\n');
}

const TITLES = {
  system: pc.dim(pc.bold('system')),
  user: pc.cyan(pc.bold('user')),
  thinking: pc.dim('thinking'),
  reply: pc.green(pc.bold('assistant')),
} as const;

const OTHER_REPLY = pc.dim('another choice of the reply below');

function renderCall(name: string, raw: string, at: number, result: ToolResult | undefined, full: boolean): string {
  const title = pc.magenta(terminalSafe(name).replaceAll('\n', ' ') || 'tool');
  const took =
    result === undefined ? '' : pc.dim(` ${formatDuration(Math.max(0, result.at - (result.startedAt ?? at)))}`);
  const paint = result?.isError === true ? pc.red : (text: string): string => text;
  const other = result?.recordedFor === undefined ? '' : pc.yellow(' recorded for other arguments');
  const mark = (result?.isError === true ? pc.red(' failed') : '') + other;
  if (full) {
    const parts = [raw, result?.content ?? '']
      .map(spelledOut)
      .filter((text) => text !== '')
      .map((text) => paint(indented(text)));
    return [`${title}${took}${mark}`, ...parts].join('\n');
  }
  const answer = result === undefined ? pc.dim('no result') : paint(folded(result.content) || '(empty)');
  return `${title}(${folded(raw)})${took}${mark}\n  -> ${answer}`;
}

/** The first and the last line of an error: what failed, and in a Python traceback what was raised. */
function briefly(message: string): string {
  const lines = terminalSafe(message)
    .split('\n')
    .filter((line) => line.trim() !== '');
  if (lines.length <= ERROR_LINES) return lines.join('\n');
  const left = lines.length - 2;
  return [lines[0], pc.dim(`  ... ${counted(left, 'more line')}, see --full`), lines.at(-1)].join('\n');
}

/** Lines of an error that are shown whole. */
const ERROR_LINES = 6;

function folded(text: string): string {
  return ellipsis(terminalSafe(spelledOut(text)), FOLDED);
}

/** JSON with letters where Python writes escapes for all that is not ASCII. */
function spelledOut(text: string): string {
  if (!/\\u[\da-f]{4}/i.test(text)) return text;
  const parsed = parseJson(text);
  return parsed.ok && typeof parsed.value === 'object' ? JSON.stringify(parsed.value) : text;
}

function indented(text: string): string {
  return terminalSafe(text).replace(/^/gm, '  ');
}
