// Starts bench/server.js and talks to it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export async function startModelServer({ latencyMs = 0, tools = false } = {}) {
  const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), {
    env: { PATH: process.env.PATH, LATENCY_MS: String(latencyMs), TOOLS: tools ? '1' : '' },
  });
  const [{ port }] = await once(child, 'message');
  return {
    url: `http://127.0.0.1:${port}/v1`,
    async calls() {
      child.send('calls');
      const [{ calls }] = await once(child, 'message');
      return calls;
    },
    close: () => child.disconnect(),
  };
}

export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
