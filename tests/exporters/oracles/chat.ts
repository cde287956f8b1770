/** What the OpenAI family and TRL accept, after formats.md 4.2 and 4.3, independently of the exporters. */
type Message = {
  readonly role: string;
  readonly content: unknown;
  readonly tool_calls?: readonly Call[];
  readonly tool_call_id?: string;
  readonly [key: string]: unknown;
};
type Call = {
  readonly id?: string;
  readonly type: string;
  readonly function: { readonly name: string; readonly arguments: unknown };
};

const KEYS: { readonly [role: string]: readonly string[] } = {
  system: ['role', 'content'],
  developer: ['role', 'content'],
  user: ['role', 'content'],
  assistant: ['role', 'content', 'tool_calls', 'weight', 'reasoning_content'],
  tool: ['role', 'content', 'tool_call_id', 'name'],
};

export function checkChat(
  messages: readonly Message[],
  tools: readonly { readonly function: { readonly name: string } }[],
  rules: {
    readonly arguments: 'string' | 'object';
    readonly roles: readonly string[];
    readonly last: readonly string[];
  },
): void {
  const listed = new Set(tools.map((tool) => tool.function.name));
  let open = new Map<string, string>();
  messages.forEach((message, index) => {
    if (!rules.roles.includes(message.role)) throw new Error(`role ${message.role} is not allowed`);
    const extra = Object.keys(message).find((key) => !KEYS[message.role]?.includes(key));
    if (extra !== undefined) throw new Error(`unknown key ${extra}`);
    if (typeof message.content !== 'string') throw new Error('content is not a text');
    if (['system', 'developer'].includes(message.role) && index !== 0) throw new Error('system message not first');
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id ?? '')) throw new Error('tool message without a call');
      return;
    }
    if (open.size > 0) throw new Error('tool call without a response');
    for (const call of message.tool_calls ?? []) {
      if (call.type !== 'function' || call.id === undefined) throw new Error('bad call');
      const args = call.function.arguments;
      if (typeof args !== rules.arguments) throw new Error(`arguments are a ${typeof args}`);
      const object: unknown = typeof args === 'string' ? JSON.parse(args) : args;
      if (typeof object !== 'object' || object === null || Array.isArray(object)) throw new Error('not an object');
      if (!listed.has(call.function.name)) throw new Error(`tool ${call.function.name} is not listed`);
      open.set(call.id, call.function.name);
    }
  });
  if (open.size > 0) throw new Error('tool call without a response');
  if (!rules.last.includes(messages.at(-1)?.role ?? '')) throw new Error('wrong last role');
  open = new Map();
}
