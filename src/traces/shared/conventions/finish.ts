import type { Json } from '../../../core/json.ts';
import type { ConventionSpan } from './convention.ts';
import { bodyOf } from './genai-events.ts';
import { asText, decoded, objectsOf } from './values.ts';

/** Why the reply ended, as its message says it where no attribute of the span does; '' when unknown. */
export function finishReasonIn({ attributes, events }: Pick<ConventionSpan, 'attributes' | 'events'>): string {
  const own = ofMessages(attributes['gen_ai.output.messages']);
  if (own !== '') return own;
  for (const event of events) {
    const body = event.name.startsWith('gen_ai.') ? bodyOf(event) : {};
    const said =
      event.name === 'gen_ai.choice'
        ? asText(body.finish_reason)
        : ofMessages(body['gen_ai.output.messages'] ?? event.attributes['gen_ai.output.messages']);
    if (said !== '') return said;
  }
  return '';
}

function ofMessages(messages: Json | undefined): string {
  return asText(objectsOf(decoded(messages)).at(-1)?.finish_reason);
}
