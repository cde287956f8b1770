import { hashOf } from '../../core/json.ts';
import type { GenAiMessage } from '../shared/genai.ts';
import { type ActiveSpan, startSpan } from '../span.ts';
import { currentContext, type TraceContext } from '../state.ts';

/** A turn that was opened by a user message and goes on until the final reply. */
export type Turn = {
  readonly root: ActiveSpan;
  /** The call's reply: final when it calls no tool. */
  reply(messages: readonly GenAiMessage[], responseId: string): void;
  fail(error: unknown): void;
};

type Open = { readonly root: ActiveSpan; shown: number; readonly timer: NodeJS.Timeout; keys: string[] } & {
  readonly session: TraceContext['turn'];
};

/** A turn whose final reply never comes ends by itself. */
const TURN_TIMEOUT_MS = 10 * 60_000;
const MAX_OPEN = 1_000;

/**
 * Finds the turns of agents that call the model without opening a trace themselves. A turn is known by its session and
 * by everything up to its last user message: calls that add only tool results belong to it, a new user message opens
 * the next one. A state that is shown again without anything new is another turn (the same question, asked twice).
 */
export function createTurns(agentName: string) {
  const open = new Map<string, Open>();

  function close(turn: Open): void {
    clearTimeout(turn.timer);
    if (turn.session?.current === turn.root) turn.session.current = undefined;
    for (const key of turn.keys) if (open.get(key) === turn) open.delete(key);
    turn.root.end();
  }
  function begin(messages: readonly GenAiMessage[], key: string): Open {
    const root = startSpan({
      name: `invoke_agent ${agentName}`,
      kind: 'agent',
      parent: null,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': agentName },
    });
    root.input(messages.slice(lastUser(messages)));
    const timer = setTimeout(() => close(turn), TURN_TIMEOUT_MS);
    timer.unref();
    const session = currentContext().turn;
    const turn: Open = { root, shown: messages.length, timer, keys: [key], session };
    if (session !== undefined) session.current = root;
    const oldest = open.size >= MAX_OPEN ? open.values().next().value : undefined;
    if (oldest !== undefined) close(oldest);
    open.set(key, turn);
    return turn;
  }
  return {
    enter(messages: readonly GenAiMessage[], previousResponseId: string): Turn {
      const { sessionId = '' } = currentContext();
      const user = lastUser(messages);
      const byResponse = open.get(`${sessionId}|response|${previousResponseId}`);
      const key = `${sessionId}|messages|${hashOf(messages.slice(0, user + 1))}`;
      const known = user === -1 ? byResponse : open.get(key);
      const continues = known !== undefined && (user === -1 || messages.length > known.shown);
      const turn = continues ? known : begin(messages, key);
      turn.shown = Math.max(turn.shown, messages.length);
      return {
        root: turn.root,
        reply(output, responseId) {
          if (!output.some(({ parts }) => parts.some((part) => part.type === 'tool_call'))) {
            turn.root.output(output);
            close(turn);
            return;
          }
          const next = `${sessionId}|response|${responseId}`;
          if (responseId === '') return;
          turn.keys.push(next);
          open.set(next, turn);
        },
        fail(error) {
          turn.root.error(error);
          close(turn);
        },
      };
    },
  };
}

function lastUser(messages: readonly GenAiMessage[]): number {
  return messages.findLastIndex((message) => message.role === 'user');
}
