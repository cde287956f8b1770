/**
 * LLaMA-Factory's reading of a ShareGPT row, written down from the description of its `converter.py` and its formatters
 * (reference/formats.md 4.1), independently of the exporter. Where the program drops a sample or raises, this throws.
 */
type Row = { readonly [key: string]: unknown };
type Turn = { readonly from: string; readonly value: string };

const ACCEPTED = [
  ['human', 'observation'],
  ['gpt', 'function_call'],
] as const;

export function readShareGpt(row: Row, columns: { readonly ranking?: boolean; readonly kto?: boolean } = {}) {
  let turns = row.conversations as readonly Turn[];
  if (!Array.isArray(turns)) throw new Error('conversations is not a list');
  let system = (row.system as string | undefined) ?? '';
  if (turns[0]?.from === 'system') {
    system = turns[0].value;
    turns = turns.slice(1);
  }
  if (typeof system !== 'string') throw new Error('system is not a text');
  turns.forEach((turn, index) => {
    if (!(ACCEPTED[index % 2] as readonly string[]).includes(turn.from)) {
      throw new Error(`Invalid role tag ${turn.from} at ${index}`);
    }
    if (typeof turn.value !== 'string') throw new Error('value is not a text');
    if (turn.from === 'function_call') readFunctions(turn.value);
  });
  const ranking = columns.ranking === true;
  if (turns.length % 2 !== (ranking ? 1 : 0)) throw new Error(`Invalid message count ${turns.length}`);
  if (ranking) {
    for (const key of ['chosen', 'rejected']) {
      const answer = row[key] as Turn;
      if (!(ACCEPTED[1] as readonly string[]).includes(answer?.from)) throw new Error(`Invalid role tag of ${key}`);
      if (answer.from === 'function_call') readFunctions(answer.value);
    }
  }
  if (columns.kto === true && typeof row.kto_tag !== 'boolean') throw new Error('kto_tag is not a boolean');
  const texts = [system, ...turns.map(({ value }) => value)];
  for (const tag of ['<image>', '<video>', '<audio>']) {
    if (texts.some((text) => text.includes(tag))) throw new Error(`number of ${tag} placeholders differs from files`);
  }
  return { system, turns, tools: readTools(row.tools) };
}

/** FunctionFormatter: a thought in front, then one call or a list of calls, and nothing else. */
function readFunctions(content: string): readonly { readonly name: string; readonly arguments: object }[] {
  const thought = /<think>(.*)<\/think>/s.exec(content);
  const rest = thought === null ? content : content.replace(thought[0], () => '');
  const parsed: unknown = JSON.parse(rest);
  const calls = Array.isArray(parsed) ? parsed : [parsed];
  if (calls.length === 0) throw new Error('Invalid JSON format in function message');
  for (const call of calls) {
    if (typeof call.name !== 'string' || !('arguments' in call)) throw new Error('function without name or arguments');
    if (typeof call.arguments !== 'object' || call.arguments === null || Array.isArray(call.arguments)) {
      throw new Error('arguments would be encoded twice');
    }
  }
  return calls;
}

/** ToolFormatter: the column is a text; the default template reads properties of every tool. */
function readTools(tools: unknown): readonly string[] {
  if (typeof tools !== 'string') throw new Error('tools is not a text');
  if (tools === '') return [];
  return (JSON.parse(tools) as Row[]).map((tool) => {
    const bare = (tool.type === 'function' ? tool.function : tool) as Row;
    const parameters = bare.parameters as { properties: Row; required?: readonly string[] };
    for (const parameter of Object.values(parameters.properties)) {
      if (typeof parameter !== 'object' || parameter === null) throw new Error('property without a schema');
    }
    if (typeof bare.name !== 'string' || typeof bare.description !== 'string') throw new Error('tool without a name');
    return bare.name;
  });
}
