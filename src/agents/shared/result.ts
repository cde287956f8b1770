import type { AgentResult } from '../agent.ts';

/** The agent's own failure, a fact about prompt and agent; infrastructure failures are thrown by the context. */
export function agentFailure(message: string, answer = ''): AgentResult {
  return { status: 'failed', answer, failure: { kind: 'agent', message } };
}
