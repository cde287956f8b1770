import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { createOtlpExporter } from '../../src/traces/sinks/otlp.ts';
import { publishRollouts } from '../../src/traces/training.ts';
import { toolRollout } from './helpers.ts';
import { decodeOtlp } from './otlp/decode.ts';
import { receiver } from './sinks/receiver.ts';

function exporterFor(url: string) {
  return createOtlpExporter({ environment: createEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: url }) });
}

describe('publishing a training run', () => {
  it('sends every rollout with its scores as evaluation events and the prompt on each model call', async () => {
    const { url, requests } = await receiver();
    const rollouts = Array.from({ length: 250 }, (_, index) => toolRollout('run-1', `r${index}`));
    const report = await publishRollouts({
      rollouts,
      exporter: exporterFor(url),
      describe: () => ({ promptName: 'support', promptVersion: '3' }),
    });
    expect(report).toMatchObject({ recorded: 1250, dropped: 0, sinks: [{ written: 1250 }] });
    const spans = requests.flatMap(({ body }) => decodeOtlp(gunzipSync(body)));
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(250);
    const models = spans.filter(({ kind }) => kind === 3);
    expect(models).toHaveLength(500);
    expect(models.every(({ attributes }) => attributes['gen_ai.prompt.version'] === '3')).toBe(true);
    const [root] = spans.filter(({ parentSpanId }) => parentSpanId === '');
    expect(root?.events[0]).toMatchObject({
      name: 'gen_ai.evaluation.result',
      attributes: { 'gen_ai.evaluation.name': 'reward', 'gen_ai.evaluation.score.value': 0.5 },
    });
  });

  it('goes on without a receiver that is down, and says what was lost', async () => {
    const { url, answer } = await receiver();
    answer(503);
    const rollouts = Array.from({ length: 300 }, (_, index) => toolRollout('run-1', `r${index}`));
    const report = await publishRollouts({ rollouts, exporter: exporterFor(url) });
    expect(report).toMatchObject({
      recorded: 1500,
      dropped: 1500,
      sinks: [{ written: 0, lastError: expect.stringContaining('503') }],
    });
  });

  it('saves the same spans under the same ids every time', async () => {
    const saved: string[] = [];
    const store = {
      async saveSpans(spans: readonly { readonly spanId: string }[]) {
        saved.push(...spans.map(({ spanId }) => spanId));
      },
    };
    const options = { rollouts: [toolRollout()], store: store as never };
    await publishRollouts(options);
    await publishRollouts(options);
    expect(saved).toHaveLength(10);
    expect(new Set(saved).size).toBe(5);
  });
});
