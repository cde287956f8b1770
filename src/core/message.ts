/**
 * Chat messages in the shape of the OpenAI chat-completions wire format, text only. The same shape is used in memory, in
 * dataset files and on the wire, so nothing has to be converted.
 */
export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export type SystemMessage = { readonly role: 'system'; readonly content: string };
export type UserMessage = { readonly role: 'user'; readonly content: string };
export type AssistantMessage = {
  readonly role: 'assistant';
  /** '' on a turn that only calls tools. */
  readonly content: string;
  readonly tool_calls?: readonly ToolCall[];
  /** Thinking text, where the provider shows it (the key that vLLM, DeepSeek and Qwen use). Never sent back. */
  readonly reasoning_content?: string;
  /** What the provider says about thinking that it does not show. */
  readonly reasoning_summary?: string;
};
export type ToolMessage = {
  readonly role: 'tool';
  readonly tool_call_id: string;
  readonly content: string;
  readonly name?: string;
  /** Whether the tool failed; the content is then what the agent was told about it. Ours, not sent to providers. */
  readonly is_error?: boolean;
};

export type ToolCall = {
  readonly id: string;
  readonly type: 'function';
  /** `arguments` is the raw text that the model wrote: it may be invalid JSON. */
  readonly function: { readonly name: string; readonly arguments: string };
};

/** The tool calls of a message; only the assistant's has any. */
export function callsOf(message: Message): readonly ToolCall[] {
  return message.role === 'assistant' ? (message.tool_calls ?? []) : [];
}

export type ToolDefinition = {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    /** JSON schema of the arguments. */
    readonly parameters?: import('./json.ts').JsonObject;
  };
};
