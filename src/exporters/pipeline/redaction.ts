import type { Message, ToolDefinition } from '../../core/message.ts';
import { DETECTORS } from '../../core/privacy/detect.ts';
import type { Detection, Detector, OutsideDetector, RedactionLevel } from '../../core/privacy/detector.ts';
import { createRedactor, type KnownValue, type Redactor } from '../../core/privacy/redact.ts';
import type { PreferencePair, TrainingSample } from '../exporter.ts';

/** Redacts whole conversations; each has its own placeholders. Tool names stay, they are part of the interface. */
export type Redaction = {
  readonly level: RedactionLevel;
  /** Every text of it, a reference or label beside the conversation included. */
  sample<T extends TrainingSample & { readonly reference?: string }>(sample: T): Promise<T>;
  pair(pair: PreferencePair): Promise<PreferencePair>;
};

export function createRedaction(level: RedactionLevel, outside: readonly OutsideDetector[] = []): Redaction {
  const detectors = DETECTORS.map(remembering);
  async function prepared(messages: readonly Message[], further: readonly string[]): Promise<Redactor> {
    const redactor = createRedactor(level, detectors);
    if (level === 0 || level === 4) return redactor;
    const texts = [...messages.flatMap(textsOf), ...further];
    redactor.learn(texts, await knownValues(texts, outside));
    return redactor;
  }
  return {
    level,
    async sample(sample) {
      if (level === 0) return sample;
      const redactor = await prepared(sample.messages, [sample.reason, sample.expected ?? '', sample.reference ?? '']);
      return {
        ...sample,
        messages: redactMessages(sample.messages, redactor),
        tools: sample.tools.map((tool) => redactTool(tool, redactor)),
        reason: redactor.text(sample.reason),
        expected: sample.expected === null ? null : redactor.value(sample.expected),
        ...(sample.reference === undefined ? {} : { reference: redactor.value(sample.reference) }),
      };
    },
    async pair(pair) {
      if (level === 0) return pair;
      const redactor = await prepared([...pair.prompt, ...pair.chosen, ...pair.rejected], []);
      return {
        ...pair,
        prompt: redactMessages(pair.prompt, redactor),
        chosen: redactMessages(pair.chosen, redactor),
        rejected: redactMessages(pair.rejected, redactor),
        tools: pair.tools.map((tool) => redactTool(tool, redactor)),
      };
    },
  };
}

const REMEMBERED_TEXTS = 2_000;
const REMEMBERED_LENGTH = 20_000;

/** System prompts, tools and questions come again and again; what is found in a text depends on nothing else. */
function remembering(detector: Detector): Detector {
  const known = new Map<string, readonly Detection[]>();
  return {
    ...detector,
    detect(text) {
      const found = known.get(text) ?? detector.detect(text);
      if (text.length <= REMEMBERED_LENGTH) {
        // The oldest goes first, and one that was asked for is young again.
        known.delete(text);
        known.set(text, found);
        if (known.size > REMEMBERED_TEXTS) known.delete(known.keys().next().value ?? '');
      }
      return found;
    },
  };
}

export function redactMessages(messages: readonly Message[], redactor: Redactor): readonly Message[] {
  return messages.map((message) => redactMessage(message, redactor));
}

function redactMessage(message: Message, redactor: Redactor): Message {
  const content = redactor.value(message.content);
  if (message.role !== 'assistant') return { ...message, content };
  return {
    ...message,
    content,
    ...(message.reasoning_content === undefined ? {} : { reasoning_content: redactor.text(message.reasoning_content) }),
    ...(message.tool_calls === undefined
      ? {}
      : {
          tool_calls: message.tool_calls.map((call) => ({
            ...call,
            function: { name: call.function.name, arguments: redactor.value(call.function.arguments) },
          })),
        }),
  };
}

/** Schemas may quote real data in descriptions and examples. */
function redactTool(tool: ToolDefinition, redactor: Redactor): ToolDefinition {
  const { name, description, parameters } = tool.function;
  if (redactor.level === 4) return tool;
  return {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description: redactor.text(description) }),
      ...(parameters === undefined ? {} : { parameters: JSON.parse(redactor.value(JSON.stringify(parameters))) }),
    },
  };
}

function textsOf(message: Message): readonly string[] {
  if (message.role !== 'assistant') return [message.content];
  return [
    message.content,
    message.reasoning_content ?? '',
    ...(message.tool_calls ?? []).map((call) => call.function.arguments),
  ];
}

async function knownValues(
  texts: readonly string[],
  outside: readonly OutsideDetector[],
): Promise<readonly KnownValue[]> {
  const values: KnownValue[] = [];
  for (const detector of outside) {
    for (const text of texts) {
      for (const { type, start, end } of await detector.detect(text)) {
        values.push({ type: type.toUpperCase().replace(/[^A-Z_]/g, '_'), value: text.slice(start, end) });
      }
    }
  }
  return values;
}
