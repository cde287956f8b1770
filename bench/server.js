// A model server of its own process for benchmarks: OpenAI-compatible, answers after a fixed time. The parent gets the port,
// and takes it along when it ends. Replies: a tool call until there is a tool result (ROOM), else a short text; judges get a grade.
import { createServer } from 'node:http';

const latencyMs = Number(process.env.LATENCY_MS ?? 0);
const usesTools = process.env.TOOLS === '1';
let calls = 0;

function replyTo({ messages, tools, response_format: format }) {
  const system = String(messages[0]?.content ?? '');
  if (format?.json_schema?.name === 'grade' || /You grade/.test(system)) {
    return { content: JSON.stringify({ accuracy: 0.5, reasoning: 0.5, score: 0.5, reason: 'half of it' }) };
  }
  if (/editor|critic/i.test(system) || messages.length === 1) {
    return { content: `<prompt>You choose rooms. Rule ${calls}: read every requirement twice.</prompt>` };
  }
  if (usesTools && tools?.length > 0 && !messages.some(({ role }) => role === 'tool')) {
    const call = { name: tools[0].function.name, arguments: '{"date":"2026-11-21","time":"10:00"}' };
    return { content: null, tool_calls: [{ id: `call_${calls}`, type: 'function', function: call }] };
  }
  return { content: `Room A${calls}: it is free and large enough. `.repeat(4) };
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const began = performance.now();
    calls++;
    const message = { role: 'assistant', ...replyTo(JSON.parse(Buffer.concat(chunks).toString())) };
    const answer = () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          // How long the server had the call, for the overhead of the caller.
          id: `held-${(performance.now() - began).toFixed(3)}`,
          model: 'bench',
          choices: [{ index: 0, finish_reason: message.tool_calls ? 'tool_calls' : 'stop', message }],
          usage: { prompt_tokens: 400, completion_tokens: 60 },
        }),
      );
    };
    if (latencyMs > 0) setTimeout(answer, latencyMs);
    else answer();
  });
});
server.keepAliveTimeout = 30_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => process.send({ calls }));
process.on('disconnect', () => process.exit(0));
