import type { Message, ToolCall, ToolDefinition } from '../../core/message.ts';
import { createRandom, type Random } from '../../core/random.ts';
import { drawOutcome, readMeaning } from './outcome.ts';
import { fillSchema } from './schema.ts';
import { SCOPES } from './scopes.ts';
import { behaviourOf, type SimulatedTask, scopeOf } from './tasks.ts';
import type { World } from './world.ts';

/** The task and the prompt of an agent's request, wherever they stand in it. */
export type AgentRequest = { readonly task: SimulatedTask; readonly prompt: string; readonly known: boolean };

export const SLIPS = [
  'I am afraid that I lost the thread here.',
  'Could you please send that again?',
  'Something about this does not add up, sorry.',
  'Let me come back to that another day.',
];
const FILLERS = ['I hope this helps.', 'Kind regards.', 'Do not hesitate to write.', 'Glad to be of service.'];

export function readAgentRequest(world: World, messages: readonly Message[]): AgentRequest {
  const last = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  const known = findTask(world, last);
  const task = known ?? foreignTask(world, last);
  const instructions = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  // A client may put prompt and task into one message.
  const beside = known === undefined || last.trim() === known.input ? [] : [last.replace(known.input, '')];
  return { task, prompt: [...instructions, ...beside].join('\n'), known: known !== undefined };
}

/** The task whose input is the text, or stands in it last. */
export function findTask(world: World, text: string): SimulatedTask | undefined {
  const exact = world.byInput.get(text.trim());
  if (exact !== undefined || !text.includes('this is ')) return exact;
  let found: { task: SimulatedTask; at: number } | undefined;
  for (const task of world.byInput.values()) {
    const at = text.lastIndexOf(task.input);
    if (at > (found?.at ?? -1)) found = { task, at };
  }
  return found?.task;
}

/** A task that is not of this world needs the rules of the subjects that it mentions, or one by its hash. */
function foreignTask(world: World, input: string): SimulatedTask {
  const text = input.toLowerCase();
  const scopes = SCOPES.filter(({ label, nouns }) =>
    [label.toLowerCase(), ...nouns].some((noun) => text.includes(noun)),
  );
  const mentioned = world.rules.flatMap((rule, index) => (scopes.some(({ id }) => id === rule.scope) ? [index] : []));
  const random = createRandom('simulated', world.family, world.seed, 'foreign', input);
  const needs = mentioned.length > 0 ? mentioned.slice(0, 3) : [random.integer(world.rules.length)];
  const sentences = needs.map((index) => {
    const rule = world.rules[index];
    const form = behaviourOf(rule?.behaviour)?.forms[rule?.argument ?? ''] ?? '';
    return `${scopeOf(rule?.scope)?.label ?? ''}: ${form.replace(/\{(\w+)\}/g, () => String(random.integer(90) + 10))}.`;
  });
  return {
    id: 'foreign',
    input,
    expected: ['Hello.', ...sentences].join(' '),
    needs,
    sentences,
    name: '',
    category: 'other',
    difficulty: 'medium',
  };
}

/** What the agent says. A correct answer is the expected answer to the letter. */
export function answerTask(world: World, { task, prompt }: AgentRequest, sample: number): string {
  const meaning = readMeaning(world, prompt);
  const { missed, slipped } = drawOutcome(world, meaning, task, sample);
  if (missed.length === 0 && !slipped) return task.expected;
  const random = createRandom('simulated', world.family, world.seed, 'words', meaning.key, task.input, sample);
  const hello = task.name === '' ? 'Hello.' : `Hello ${task.name}.`;
  const body = task.needs.map((index, position) =>
    missed.includes(index) ? missSentence(world, index, random) : (task.sentences[position] ?? ''),
  );
  const end = slipped ? [random.pick(SLIPS)] : random.next() < 0.5 ? [random.pick(FILLERS)] : [];
  return [hello, ...body, ...end].join(' ');
}

/** A missed rule shows its symptom, or nothing at all. */
function missSentence(world: World, index: number, random: Random): string {
  const rule = world.rules[index];
  const label = scopeOf(rule?.scope)?.label ?? '';
  const symptom = random.pick(behaviourOf(rule?.behaviour)?.symptoms ?? ['unclear']);
  return random.next() < world.values.visible ? `${label}: ${symptom}.` : `${label}: noted.`;
}

/** Calls the offered tool that fits the task best, once per turn, where the world uses tools. */
export function callTools(
  world: World,
  messages: readonly Message[],
  tools: readonly ToolDefinition[],
  task: SimulatedTask,
): readonly ToolCall[] {
  const sinceUser = messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1);
  if (!world.values.tools || tools.length === 0 || sinceUser.some(({ role }) => role === 'tool')) return [];
  const words = new Set(task.input.toLowerCase().split(/\W+/));
  const overlap = ({ function: { name, description = '' } }: ToolDefinition): number =>
    new Set(
      `${name} ${description}`
        .toLowerCase()
        .split(/[\W_]+/)
        .filter((word) => words.has(word)),
    ).size;
  const best = [...tools].sort((a, b) => overlap(b) - overlap(a))[0];
  if (best === undefined) return [];
  const order = /\b\d{4,}\b/.exec(task.input)?.[0] ?? '1';
  const given = fillSchema(best.function.parameters ?? {}, (name, type) => {
    if (/order|number|id$|case|ticket/i.test(name)) return type === 'string' ? order : Number(order);
    if (/name|customer/i.test(name)) return task.name;
    return type === 'string' ? task.input : undefined;
  });
  const random = createRandom('simulated', world.family, world.seed, 'tool', task.input, best.function.name);
  const id = `call_sim${String(random.integer(1e9)).padStart(9, '0')}`;
  return [{ id, type: 'function', function: { name: best.function.name, arguments: JSON.stringify(given) } }];
}
