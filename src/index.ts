export type { Agent, AgentContext, AgentResult, Tool, ToolResult } from './agents/agent.ts';
export { ApoError, type ErrorCode, exitCodeOf, isApoError } from './core/errors.ts';
export type { Grade, Rollout } from './core/rollout.ts';
export type { Task } from './core/task.ts';
export type { Grader, GraderContext } from './graders/grader.ts';
export { type LoadBestPromptOptions, type LoadedPrompt, loadBestPrompt } from './registry/client.ts';
