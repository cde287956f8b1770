import { type Convention, messagesOrNone } from './convention.ts';
import { inputMessages, outputMessages } from './to-messages.ts';
import { asText, decoded } from './values.ts';

/** MLflow: inputs and outputs of a span as JSON texts. */
export const mlflow: Convention = {
  name: 'mlflow',
  messages({ attributes, kind }) {
    if (kind === 'tool') return undefined;
    return messagesOrNone(
      inputMessages(attributes['mlflow.spanInputs']),
      outputMessages(attributes['mlflow.spanOutputs']),
    );
  },
  tool({ attributes, name, kind }) {
    if (kind !== 'tool' || attributes['mlflow.spanType'] === undefined) return undefined;
    const output = decoded(attributes['mlflow.spanOutputs']);
    return {
      id: '',
      name,
      arguments: asText(attributes['mlflow.spanInputs']),
      result: output === undefined ? undefined : asText(output),
    };
  },
};
