import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createEnvironment } from '../../src/config/environment.ts';
import { ApoError } from '../../src/core/errors.ts';
import { createOtlpExporter } from '../../src/traces/sinks/otlp.ts';
import { createRolloutPublisher } from '../../src/traces/training.ts';
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
    const publisher = createRolloutPublisher({
      exporter: exporterFor(url),
      describe: () => ({ promptName: 'support', promptVersion: '3' }),
    });
    for (const rollout of rollouts) publisher.add([rollout]);
    const report = await publisher.close();
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
    const publisher = createRolloutPublisher({ exporter: exporterFor(url) });
    publisher.add(rollouts);
    const report = await publisher.close();
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
    for (let time = 0; time < 2; time++) {
      const publisher = createRolloutPublisher({ store });
      publisher.add([toolRollout()]);
      await publisher.close();
    }
    expect(saved).toHaveLength(10);
    expect(new Set(saved).size).toBe(5);
  });

  it('saves while the run goes on, and throws at the end what the store said', async () => {
    let calls = 0;
    const publisher = createRolloutPublisher({
      store: {
        async saveSpans() {
          calls += 1;
          throw new ApoError('store-write', 'the disk is full');
        },
      },
    });
    publisher.add(Array.from({ length: 60 }, (_, index) => toolRollout('run-1', `r${index}`)));
    await expect.poll(() => calls).toBe(1);
    await expect(publisher.close()).rejects.toThrow('the disk is full');
    expect(calls).toBe(1);
  });
});
