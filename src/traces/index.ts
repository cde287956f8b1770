/**
 * `apo/trace`: tracing for production agents. It loads neither the trainer nor SQLite; adapters for LangChain, the AI SDK
 * and openai-agents are at `apo/trace/langchain`, `apo/trace/ai-sdk` and `apo/trace/openai-agents`.
 */
export type { Json } from '../core/json.ts';
export type { Span, SpanEvent, SpanKind, TraceEvent } from '../core/trace.ts';
export type { ContentLevel } from './content.ts';
export { createDelta, type Delta, type DeltaOptions, type DeltaProcessor } from './delta.ts';
export { type Feedback, type FeedbackInput, feedback } from './feedback.ts';
export { type FullTrace, fullTraceOf, parseFullTrace } from './full-trace.ts';
export type { SinkReport } from './lane.ts';
export { type WrapOptions, wrapOpenAI } from './openai/wrap.ts';
export type { TracingReport } from './recorder.ts';
export type { GenAiMessage } from './shared/genai.ts';
export type { TrajectoryEvent } from './shared/trajectory-event.ts';
export { SinkError, type TraceSink } from './sink.ts';
export { createHttpSink, type HttpSinkOptions } from './sinks/http.ts';
export { createJsonlSink, readSpanFile } from './sinks/jsonl.ts';
export { createOtlpExporter, type OtlpOptions } from './sinks/otlp.ts';
export { createStoreSink } from './sinks/store.ts';
export { createTrajectorySink, type TrajectorySinkOptions } from './sinks/trajectory.ts';
export type { ActiveSpan, Attributes } from './span.ts';
export { continueTrace, type SessionOptions, session, traceparent } from './state.ts';
export {
  configureTracing,
  currentTrace,
  span,
  type ToolDetails,
  type TraceOptions,
  type Tracing,
  type TracingOptions,
  trace,
} from './tracing.ts';
export { readTrajectory } from './trajectory.ts';
