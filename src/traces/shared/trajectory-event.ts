import { hashOf, type JsonObject } from '../../core/json.ts';
import type { TraceEvent } from '../../core/trace.ts';

/** Version of the trajectory file, written into `run_started`. A reader accepts every version up to this one. */
export const TRAJECTORY_VERSION = 1;

export const EVENT_TYPES = [
  'run_started',
  'phase',
  'message_snapshot',
  'tool_call',
  'tool_result',
  'final_report',
  'run_completed',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** One line of a trajectory file; append-only. */
export type TrajectoryEvent = {
  /** ISO 8601 with milliseconds, UTC: when it happened, not when it was written. */
  readonly ts_utc: string;
  readonly run_id: string;
  /** 0, 1, 2 ... within the run, in order of writing. */
  readonly idx: number;
  readonly event_type: EventType;
  readonly payload: JsonObject;
};

/** `preview`: the first {@link PREVIEW_CHARACTERS} characters and the SHA-256 of the whole instead of the content. */
export type ContentMode = 'full' | 'preview';

export const PREVIEW_CHARACTERS = 200;

/** A text under `key`, or its `<key>_preview`, `<key>_sha256` and `<key>_characters`. */
export function contentFields(key: string, text: string, mode: ContentMode): JsonObject {
  if (mode === 'full') return { [key]: text };
  return {
    [`${key}_preview`]: preview(text),
    [`${key}_sha256`]: hashOf(text),
    [`${key}_characters`]: text.length,
  };
}

/** Never ends in half a surrogate pair, which would not survive UTF-8. */
export function preview(text: string, characters: number = PREVIEW_CHARACTERS): string {
  const cut = text.slice(0, characters);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
}

export type EventBody = { readonly event_type: EventType; readonly payload: JsonObject };

/** One fact of a trace as a trajectory event. */
export function bodyOf(event: TraceEvent, mode: ContentMode): EventBody {
  const at = { span_id: event.spanId };
  switch (event.type) {
    case 'system':
    case 'user':
      return snapshot({ ...at, role: event.type, ...contentFields('content', event.content, mode) });
    case 'thinking':
      return snapshot({ ...at, role: 'assistant', kind: 'thinking', ...contentFields('content', event.content, mode) });
    case 'reply':
      return snapshot({ ...at, role: 'assistant', ...contentFields('content', event.content, mode) });
    case 'tool_call': {
      const call = { ...at, call_id: event.id, name: event.name };
      return {
        event_type: 'tool_call',
        payload: { ...call, ...contentFields('arguments', event.arguments, mode) },
      };
    }
    case 'tool_result': {
      const { isError, replayed, recordedFor } = event;
      const result = { ...at, call_id: event.id, name: event.name, is_error: isError, replayed };
      const other = recordedFor === undefined ? {} : contentFields('recorded_for', recordedFor, mode);
      const content = contentFields('result', event.content, mode);
      return { event_type: 'tool_result', payload: { ...result, ...other, ...content } };
    }
    case 'model_call': {
      const { provider, model, finishReason, responseId, startedAt, usage, tools } = event;
      return phase('model_call', {
        ...at,
        provider,
        model,
        finish_reason: finishReason,
        response_id: responseId,
        duration_ms: Math.max(0, event.at - startedAt),
        usage,
        ...(tools === undefined ? {} : { tools: tools.map(({ function: tool }) => tool) }),
      });
    }
    case 'error':
      return phase('error', { ...at, ...contentFields('message', event.message, mode) });
  }
}

export function phase(name: string, details: JsonObject): EventBody {
  return { event_type: 'phase', payload: { phase: name, ...details } };
}

function snapshot(payload: JsonObject): EventBody {
  return { event_type: 'message_snapshot', payload };
}

/** ISO 8601 of milliseconds since the epoch; a time that is none becomes the epoch. */
export function isoTime(ms: number): string {
  return new Date(Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString();
}
