import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import { DIFFICULTIES, type Task } from '../core/task.ts';
import { readExpected } from './answers.ts';
import { isChat, readChat } from './chat.ts';
import { readContext } from './context.ts';
import { fromExport } from './exports.ts';
import { EXPECTED, ID, INPUT, misspelled, withKnownNames } from './fields.ts';

/** A row of a dataset as a task without a sure id: rows without one get theirs from their content. */
export type ReadRecord =
  | {
      readonly ok: true;
      readonly task: Omit<Task, 'id'> & { readonly id: string | undefined };
      readonly notes: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

/** Reads one row with the field names that people use; what is not known becomes metadata. */
export function readRecord(row: Json): ReadRecord {
  if (!isJsonObject(row)) return { ok: false, reason: 'a record must be an object' };
  const value = withKnownNames(fromExport(row));
  const fields = new Map(Object.entries(value));
  const take = (names: readonly string[]): Json | undefined => {
    const name = names.find((candidate) => fields.has(candidate) && fields.get(candidate) !== null);
    if (name === undefined) {
      for (const candidate of names) fields.delete(candidate);
      return undefined;
    }
    const taken = fields.get(name);
    fields.delete(name);
    return taken;
  };

  const id = take(ID);
  const isInexactId = typeof id === 'number' && !Number.isSafeInteger(id) && Number.isInteger(id);
  const chat = isChat(value) ? readChat(value) : undefined;
  if (chat?.ok === false) return chat;
  for (const key of chat?.used ?? []) fields.delete(key);
  const asked = chat === undefined ? take(INPUT) : undefined;
  const input = chat?.input ?? asText(asked);
  if (input === undefined) return { ok: false, reason: `no input: none of the fields ${INPUT.join(', ')}, messages` };
  const wanted = readExpected(value, take(EXPECTED) ?? chat?.expected);
  if (wanted.used !== undefined) fields.delete(wanted.used);
  const expected = asAnswer(wanted.answer);
  const observed = asAnswer(take(['observed']));
  for (const answer of [input, expected, observed]) {
    if (typeof answer === 'object' && answer !== null) return { ok: false, reason: answer.reason };
  }
  const context = readContext(take(['context']));
  if (!context.ok) return context;
  const difficulty = readDifficulty(take(['difficulty']));
  const given = take(['metadata']);
  const category = asText(take(['category']));
  const systemPrompt = [context.systemPrompt, chat?.systemPrompt].filter(Boolean).join('\n\n');
  const metadata: JsonObject = {
    ...Object.fromEntries(fields),
    ...(chat?.metadata ?? {}),
    ...(systemPrompt === '' ? {} : { system_prompt: systemPrompt }),
    ...(difficulty.unknown === undefined ? {} : { difficulty: difficulty.unknown }),
    ...wanted.metadata,
    ...(isJsonObject(given) ? given : given === undefined ? {} : { metadata: given }),
  };
  return {
    ok: true,
    task: {
      id:
        (typeof id === 'string' && id.trim() !== '') || (typeof id === 'number' && !isInexactId)
          ? String(id)
          : undefined,
      input: input as string,
      context: [...context.messages, ...(chat?.context ?? [])] satisfies readonly Message[],
      expected: expected as string | null,
      observed: observed as string | null,
      category: typeof category === 'string' && category !== '' ? category : null,
      difficulty: difficulty.known,
      metadata,
    },
    notes: [
      ...(difficulty.unknown === undefined ? [] : ['difficulty is not easy, medium or hard']),
      ...(isInexactId ? ['the id is a number too large to be kept exactly, another was made: write it as text'] : []),
      ...(wanted.isOneOfMany ? [ANY_OF_THEM] : []),
      ...[...fields.keys()].flatMap(noteOnName),
    ],
  };
}

const ANY_OF_THEM =
  'several answers are expected, any one of them is right (where all are meant, write them as one text, or grade by json)';

function noteOnName(name: string): readonly string[] {
  const meant = misspelled(name);
  return meant === undefined ? [] : [`the field "${name}" is kept as metadata: is "${meant}" meant?`];
}

type Refused = { readonly reason: string };

/** Answers are compared as text, so numbers and booleans become text; structures become JSON. */
function asText(value: Json | undefined): string | Refused | undefined {
  if (value === undefined || value === null) return undefined;
  if (
    typeof value === 'number' &&
    (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
  ) {
    return { reason: 'a number is too large to be kept exactly: write it as text' };
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function asAnswer(value: Json | undefined): string | Refused | null {
  const text = asText(value);
  return text === undefined || (typeof text === 'string' && text.trim() === '') ? null : text;
}

function readDifficulty(value: Json | undefined): { readonly known: Task['difficulty']; readonly unknown?: Json } {
  const name = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  const known = DIFFICULTIES.find((difficulty) => difficulty === name);
  if (known !== undefined) return { known };
  return value === undefined || name === '' ? { known: null } : { known: null, unknown: value };
}
