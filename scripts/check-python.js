// Sends spans with the real OpenTelemetry Python SDK to `apo serve` and checks what was stored. Needs python3 with venv and
// pip; not part of npm test. Run: npm run build && node scripts/check-python.js
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../bench/folder.js';

const AGENT = `
import json, sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
provider = TracerProvider(resource=Resource.create({"service.name": "python-agent"}))
compression = Compression.Gzip if sys.argv[2] == "gzip" else Compression.NoCompression
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=sys.argv[1], compression=compression)))
tracer = provider.get_tracer("check")
text = lambda role, content: json.dumps([{"role": role, "parts": [{"type": "text", "content": content}]}])
with tracer.start_as_current_span("invoke_agent check") as root:
    root.set_attribute("gen_ai.operation.name", "invoke_agent")
    root.set_attribute("gen_ai.conversation.id", "python-" + sys.argv[2])
    with tracer.start_as_current_span("chat gpt-4o-mini") as chat:
        chat.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 3, "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.input.messages": text("user", "Hi from Python"), "gen_ai.output.messages": text("assistant", "Hello")})
    try:
        with tracer.start_as_current_span("execute_tool f") as tool:
            tool.set_attributes({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "f"})
            raise RuntimeError("no network")
    except RuntimeError:
        pass
provider.shutdown()
`;

function skip(reason) {
  process.stdout.write(`skipped: ${reason}\n`);
  process.exit(0);
}

const cli = new URL('../dist/cli.js', import.meta.url).pathname;
if (!existsSync(cli)) skip('dist/ is missing, run npm run build first');
if (spawnSync('python3', ['--version']).status !== 0) skip('python3 is not installed');
const folder = temporaryFolder();
if (spawnSync('python3', ['-m', 'venv', join(folder, 'venv')]).status !== 0) skip('python3 has no venv module');
const python = join(folder, 'venv', 'bin', 'python');
const packages = ['opentelemetry-sdk', 'opentelemetry-exporter-otlp-proto-http'];
const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { encoding: 'utf8' });
if (installed.status !== 0) skip(`pip could not install ${packages.join(', ')}`);
const store = join(folder, 'apo.db');
const server = spawn(process.execPath, [cli, 'serve', '--port', '0', '--otlp-port', '0', '--store', store]);
const [line] = await once(server.stdout, 'data');
const endpoint = String(line).match(/http:\S+\/v1\/traces/)[0];
writeFileSync(join(folder, 'agent.py'), AGENT);
for (const compression of ['none', 'gzip']) {
  execFileSync(python, [join(folder, 'agent.py'), endpoint, compression], { stdio: 'inherit' });
}
server.kill();
assert.equal((await once(server, 'exit'))[0], 0);
const { traces } = JSON.parse(execFileSync(process.execPath, [cli, 'trace', 'list', '--json', '--store', store]));
assert.deepEqual(traces.map(({ sessionId }) => sessionId).sort(), ['python-gzip', 'python-none']);
for (const trace of traces) {
  const { name, service, status, spans, models, tools, inputTokens, outputTokens, input, output } = trace;
  assert.deepEqual(
    { name, service, status, spans, models, tools, inputTokens, outputTokens, input, output },
    {
      name: 'invoke_agent check',
      service: 'python-agent',
      status: 'error',
      spans: 3,
      models: ['gpt-4o-mini'],
      tools: ['f'],
      inputTokens: 7,
      outputTokens: 3,
      input: 'Hi from Python',
      output: 'Hello',
    },
  );
}
const version = execFileSync(python, ['-c', 'import opentelemetry.sdk.version as v; print(v.__version__)'], {
  encoding: 'utf8',
});
process.stdout.write(`ok: OpenTelemetry Python SDK ${version.trim()}, protobuf, with and without gzip\n`);
