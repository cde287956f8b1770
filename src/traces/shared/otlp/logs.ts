import { isJsonObject, type Json, MAX_JSON_DEPTH, parseJson } from '../../../core/json.ts';
import type { LateEvent } from '../../../stores/trace-store.ts';
import { EVALUATION_EVENT, RESPONSE_ID } from '../conventions/evaluations.ts';
import { AttributeCollector } from './attributes.ts';
import { excessOf } from './depth.ts';
import { hexId, listOf, nanoseconds, textOf } from './json-fields.ts';
import { readKeyValues, readPlainValue } from './json-values.ts';
import { DECODE_LIMITS, OtlpError } from './limits.ts';
import { type DecodeContext, eachField, readAnyValue, readKeyValue } from './protobuf-values.ts';
import { emptyRequest, isId } from './span.ts';
import { BYTES, FIXED64, WireReader } from './wire.ts';

/** Events that say something about a span: GenAI messages, details and evaluations. Other log lines are not traces. */
const WANTED = /^gen_ai\./;

export type DecodedLogs = {
  readonly events: readonly LateEvent[];
  /** GenAI events that name nothing they could belong to. */
  readonly rejected: number;
};

/**
 * The GenAI events in an ExportLogsServiceRequest, where the conventions put them since events are logs.
 * @throws OtlpError when the bytes cannot be read
 */
export function readLogsProtobuf(bytes: Uint8Array): DecodedLogs {
  const context = newContext();
  const events: LateEvent[] = [];
  const request = new WireReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  // ExportLogsServiceRequest 1 -> ResourceLogs 2 -> ScopeLogs 2 -> LogRecord
  eachMessage(request, 1, (resourceLogs) =>
    eachMessage(resourceLogs, 2, (scopeLogs) =>
      eachMessage(scopeLogs, 2, (record) => events.push(readRecord(record, context))),
    ),
  );
  return sorted(events);
}

export function readLogsJson(text: string): DecodedLogs {
  const excess = excessOf(text, MAX_JSON_DEPTH);
  if (excess !== undefined) throw new OtlpError(400, `malformed JSON: ${excess}`);
  const parsed = parseJson(text);
  if (!parsed.ok || !isJsonObject(parsed.value)) throw new OtlpError(400, 'malformed JSON');
  const context = newContext();
  const events = listOf(parsed.value.resourceLogs, 'resourceLogs')
    .flatMap((resourceLogs) => listOf(resourceLogs.scopeLogs, 'scopeLogs'))
    .flatMap((scopeLogs) => listOf(scopeLogs.logRecords, 'logRecords'))
    .map((record) => {
      const attributes = new AttributeCollector(DECODE_LIMITS);
      readKeyValues(record.attributes, attributes, context);
      const body = isJsonObject(record.body) ? readPlainValue(record.body, context) : null;
      return {
        traceId: hexId(record.traceId, 16),
        spanId: hexId(record.spanId, 8),
        name: textOf(record.eventName),
        timeNs: nanoseconds(record.timeUnixNano ?? record.observedTimeUnixNano),
        attributes: withBody(attributes.finish(context.request), body),
      };
    });
  return sorted(events);
}

/** LogRecord: 1 time, 5 body, 6 attributes, 9 trace id, 10 span id, 11 observed time, 12 event name. */
function readRecord(reader: WireReader, context: DecodeContext): LateEvent {
  const attributes = new AttributeCollector(DECODE_LIMITS);
  const record = { traceId: '', spanId: '', name: '', timeNs: '0', observedNs: '0' };
  let body: Json = null;
  eachField(reader, (field, type) => {
    if (field === 1 && type === FIXED64) record.timeNs = reader.fixed64();
    else if (field === 11 && type === FIXED64) record.observedNs = reader.fixed64();
    else if (type !== BYTES) return false;
    else if (field === 5) body = readAnyValue(reader.message(), context);
    else if (field === 6) readKeyValue(reader.message(), attributes, context);
    else if (field === 9) record.traceId = reader.encoded('hex', 17);
    else if (field === 10) record.spanId = reader.encoded('hex', 9);
    else if (field === 12) record.name = reader.textUpTo(256).text;
    else return false;
    return true;
  });
  const { observedNs, ...event } = record;
  return {
    ...event,
    timeNs: event.timeNs === '0' ? observedNs : event.timeNs,
    attributes: withBody(attributes.finish(context.request), body),
  };
}

function sorted(records: readonly LateEvent[]): DecodedLogs {
  const wanted = records
    .map((event) => ({ ...event, name: event.name || textOf(event.attributes['event.name']) }))
    .filter(({ name }) => WANTED.test(name));
  const events = wanted.flatMap((event) => {
    const isInTrace = isId(event.traceId, 32);
    if (isInTrace && isId(event.spanId, 16)) return [event];
    if (event.name !== EVALUATION_EVENT) return [];
    if (isInTrace) return [{ ...event, spanId: '' }];
    return textOf(event.attributes[RESPONSE_ID]) === '' ? [] : [{ ...event, traceId: '', spanId: '' }];
  });
  return { events, rejected: wanted.length - events.length };
}

/** Up to 1.36 an event's content was the log's body; it is kept where the readers of span events look for it. */
function withBody(attributes: { readonly [key: string]: Json }, body: Json): LateEvent['attributes'] {
  return body === null ? attributes : { ...attributes, 'event.body': body };
}

function eachMessage(reader: WireReader, wantedField: number, read: (message: WireReader) => void): void {
  eachField(reader, (field, type) => {
    if (field !== wantedField || type !== BYTES) return false;
    read(reader.message());
    return true;
  });
}

function newContext(): DecodeContext {
  return { limits: DECODE_LIMITS, request: emptyRequest(), receivedNs: 0n };
}
