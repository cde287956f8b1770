import { ApoError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { formatChange } from '../ui/format.ts';
import { print, printJson } from '../ui/output.ts';
import { type StoreOptions, withStore } from '../ui/store-options.ts';
import { renderFields, renderTable } from '../ui/table.ts';
import { findPrompt } from './find.ts';
import { fieldsOf } from './show.ts';

/** Shows the explanation that the optimizer stored with the prompt. */
export async function explainPrompt(reference: string, options: StoreOptions): Promise<void> {
  const { prompt, explanation } = await withStore(options, async (store) => {
    const found = await findPrompt(store, reference);
    const stored = (await store.prompts.list()).find(
      (version) => version.prompt.id === found.promptId && version.runId === found.runId,
    );
    return { prompt: found, explanation: stored?.explanation ?? null };
  });
  if (!isJsonObject(explanation) || !Array.isArray(explanation.statements)) {
    throw new ApoError('not-found', `prompt ${prompt.promptId} has no explanation`, {
      hint: 'older runs stored none: train again, or name another version that apo prompt list shows',
    });
  }
  const { promptId, version, runId } = prompt;
  if (options.json === true) return printJson({ promptId, version, runId, ...explanation });
  const statements = (explanation.statements as readonly Json[]).filter(isJsonObject);
  print(`${renderFields(fieldsOf(prompt))}\n\n${renderStatements(statements)}`);
}

function renderStatements(statements: readonly JsonObject[]): string {
  if (statements.length === 0) return 'no statements: this is the starting prompt';
  return renderTable(
    [
      { title: 'EFFECT', align: 'right' },
      { title: '95 % INTERVAL' },
      { title: 'IF REMOVED', align: 'right' },
      { title: 'STATEMENT' },
      { title: 'FROM' },
      { title: 'CRITIQUE' },
      { title: 'ROLLOUTS' },
    ],
    statements.map((statement) => {
      const origin = isJsonObject(statement.origin ?? null) ? (statement.origin as JsonObject) : {};
      return [
        change(statement.effect),
        interval(statement.interval),
        change(statement.removalCost),
        `${statement.component === undefined ? '' : `${text(statement.component)}: `}${text(statement.text)}`,
        text(origin.operator),
        text(origin.critique),
        Array.isArray(origin.rollouts) ? origin.rollouts.map((id) => text(id)).join(' ') : '',
      ];
    }),
  );
}

function change(value: Json | undefined): string {
  return typeof value === 'number' ? formatChange(value) : '-';
}

function interval(value: Json | undefined): string {
  return Array.isArray(value) && value.length === 2 ? `${change(value[0])} to ${change(value[1])}` : '-';
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
