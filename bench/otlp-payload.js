// Protobuf export requests for the benchmarks: built once, then only ids and times are patched.
import { randomBytes, randomFillSync } from 'node:crypto';

/** A template of `count` spans of about `spanBytes`, all in one trace; `next()` returns a fresh copy. */
export function createPayload(count, spanBytes, options = {}) {
  const spans = [];
  for (let index = 0; index < count; index++) spans.push(span(index, spanBytes, options));
  const scope = Buffer.concat([field(1, field(1, 'bench')), ...spans.map((one) => field(2, one))]);
  const resource = field(1, keyValue('service.name', 'bench'));
  const template = field(1, Buffer.concat([field(1, resource), field(2, scope)]));
  const at = positions(template);
  return {
    bytes: template.length,
    next(traceId = randomFillSync(Buffer.alloc(16)), startNs = BigInt(Date.now()) * 1_000_000n) {
      const body = Buffer.from(template);
      at.forEach(({ trace, id, time, response }, index) => {
        traceId.copy(body, trace);
        randomFillSync(body, id, 8);
        if (response >= 0) body.write(randomBytes(15).toString('hex'), response, 'latin1');
        body.writeBigUInt64LE(startNs + BigInt(index), time);
        body.writeBigUInt64LE(startNs + BigInt(index) + 5_000_000n, time + 9);
      });
      return body;
    },
  };
}

const MARK = Buffer.from('0123456789abcdef');
/** The id that a provider gives each of its responses: as long as OpenAI's, another one in each span of a model. */
const RESPONSE = `chatcmpl-${'x'.repeat(30)}`;

function span(index, bytes, { messages = true, root = true }) {
  const fixed = [
    field(1, MARK),
    field(2, Buffer.alloc(8, 1)),
    ...(root && index === 0 ? [] : [field(4, Buffer.alloc(8, 2))]),
    field(5, index % 4 === 3 ? 'execute_tool get_weather' : 'chat gpt-4o-mini'),
    Buffer.from([6 << 3, 3]),
    Buffer.from([(7 << 3) | 1]),
    Buffer.alloc(8),
    Buffer.from([(8 << 3) | 1]),
    Buffer.alloc(8),
    ...(index % 4 === 3 ? TOOL : MODEL),
  ];
  const used = Buffer.concat(fixed).length;
  const filler = 'the quick brown fox jumps over a lazy dog '.repeat(100).slice(0, Math.max(0, bytes - used - 130));
  const text = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: filler }] }]);
  return Buffer.concat([...fixed, field(9, keyValue(messages ? 'gen_ai.input.messages' : 'note', text))]);
}

const MODEL = [
  field(9, keyValue('gen_ai.operation.name', 'chat')),
  field(9, keyValue('gen_ai.request.model', 'gpt-4o-mini')),
  field(9, keyValue('gen_ai.conversation.id', 'session-1')),
  field(9, keyValue('gen_ai.response.id', RESPONSE)),
  field(9, Buffer.concat([field(1, 'gen_ai.usage.input_tokens'), field(2, Buffer.from([3 << 3, 120]))])),
];
const TOOL = [
  field(9, keyValue('gen_ai.operation.name', 'execute_tool')),
  field(9, keyValue('gen_ai.tool.name', 'get_weather')),
  field(9, keyValue('gen_ai.tool.call.arguments', '{"city":"Paris"}')),
];

function positions(template) {
  const found = [];
  for (let at = template.indexOf(MARK); at >= 0; at = template.indexOf(MARK, at + 16)) {
    const time = template.indexOf(Buffer.from([(7 << 3) | 1, 0, 0, 0, 0]), at) + 1;
    const next = template.indexOf(MARK, at + 16);
    const named = template.indexOf(RESPONSE, at);
    const response = named < 0 || (next >= 0 && named > next) ? -1 : named + RESPONSE.indexOf('-') + 1;
    found.push({ trace: at, id: at + 18, time, response });
  }
  return found;
}

function keyValue(key, text) {
  return Buffer.concat([field(1, key), field(2, field(1, text))]);
}

function field(number, value) {
  const bytes = Buffer.from(value);
  const length = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}
