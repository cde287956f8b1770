import { isJsonObject, type JsonObject } from '../../../core/json.ts';
import { callsOf, type Message } from '../../../core/message.ts';
import type { ConventionSpan } from './convention.ts';
import { asText, decoded, firstNumber, objectsOf } from './values.ts';

/**
 * The reply among the messages that a model call gave back, and the others that were asked for beside it (`n` of OpenAI,
 * `gen_ai.request.choice.count`). The first is the reply, as it is for whoever reads `choices[0]`. Messages are taken for
 * choices only where the span says that there are as many: several may also be the pieces of one reply.
 */
export function splitChoices(
  span: ConventionSpan,
  output: readonly Message[],
): { readonly reply: readonly Message[]; readonly others: readonly Message[] } {
  const isChoices =
    span.kind === 'model' &&
    output.length > 1 &&
    output.every(
      (message) => message.role === 'assistant' && (message.content !== '' || callsOf(message).length > 0),
    ) &&
    countsOf(span).includes(output.length);
  return isChoices ? { reply: output.slice(0, 1), others: output.slice(1) } : { reply: output, others: [] };
}

/** Every number of choices that the span names, in any convention. */
function countsOf({ attributes, events }: ConventionSpan): readonly number[] {
  const finish = decoded(attributes['gen_ai.response.finish_reasons']);
  const parameters = decoded(attributes['llm.invocation_parameters']);
  const ended = objectsOf(decoded(attributes['gen_ai.output.messages'])).filter((message) => {
    return asText(message.finish_reason) !== '';
  });
  return [
    Array.isArray(finish) ? finish.length : 0,
    firstNumber(attributes, ['gen_ai.request.choice.count']) ?? 0,
    isJsonObject(parameters) ? (firstNumber(parameters, ['n']) ?? 0) : 0,
    ended.length,
    completed(attributes),
    events.filter(({ name }) => name === 'gen_ai.choice').length,
  ];
}

/** OpenLLMetry's indexed completions. It writes thinking as one of them, with another role. */
function completed(attributes: JsonObject): number {
  return Object.keys(attributes).filter((key) => {
    const place = /^((?:gen_ai\.completion|llm\.completions)\.\d+)\.finish_reason$/.exec(key)?.[1];
    return place !== undefined && attributes[`${place}.role`] === 'assistant';
  }).length;
}
