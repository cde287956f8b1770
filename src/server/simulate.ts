import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpBindings, serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { ApoError, messageOf } from '../core/errors.ts';
import { hashOf, parseJson } from '../core/json.ts';
import { errorBody, type Fault, type FaultPlan, faultsOf } from '../models/simulated/faults.ts';
import { identityOf, respond } from '../models/simulated/respond.ts';
import { type Choice, completionBody, readRequest, streamChunks } from '../models/simulated/wire.ts';
import type { World } from '../models/simulated/world.ts';
import { alterContent } from '../models/simulated.ts';

export type SimulatedServerOptions = {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
  readonly latencyMs: number;
  readonly faults: FaultPlan;
  /** Calls answered before everything ends in 429 `insufficient_quota`; no limit when left out. */
  readonly maxCalls?: number;
  /** Repeats of a request are new samples, counted here instead of given as `seed`. */
  readonly fresh: boolean;
};

export type SimulatedServer = {
  /** Without `/v1`. */
  readonly url: string;
  /** Resolves when the server has stopped: after `stop`, SIGINT or SIGTERM. */
  readonly stopped: Promise<void>;
  stop(): void;
};

type Bindings = { Bindings: HttpBindings };
type Received = Context<Bindings>;

const MODELS = ['sim-agent', 'sim-judge', 'sim-critic', 'sim-editor'];
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** The OpenAI-compatible endpoint around a world. It answers every caller alike. */
export function createSimulatedApp(
  world: World,
  options: Omit<SimulatedServerOptions, 'port' | 'host'>,
): Hono<Bindings> {
  const app = new Hono<Bindings>();
  const repeats = new Map<string, number>();
  let received = 0;

  function nextSample(identity: string): number {
    const sample = repeats.get(identity) ?? 0;
    repeats.set(identity, sample + 1);
    return sample;
  }

  app.get('/v1/models', (context) =>
    context.json({
      object: 'list',
      data: MODELS.map((id) => ({ id, object: 'model', created: 0, owned_by: 'simulated' })),
    }),
  );

  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (context) => context.json(errorBody(413), 413) }));

  app.post('/v1/chat/completions', async (context) => {
    received += 1;
    const number = received;
    if (options.maxCalls !== undefined && number > options.maxCalls) {
      return context.json(errorBody(429, 'insufficient_quota'), 429);
    }
    const text = await context.req.text();
    const parsed = parseJson(text);
    const read = readRequest(parsed.ok ? parsed.value : undefined);
    if (!read.ok) return context.json({ error: { ...errorBody(400).error, message: read.reason } }, 400);
    const { request, stream, includeUsage, count } = read;
    const first = request.seed ?? (options.fresh ? nextSample(identityOf(world, request)) : 0);
    const replies = Array.from({ length: count }, (_, index) => respond(world, request, first + index));
    const active = faultsOf(options.faults, number, replies[0]?.part ?? 'agent');
    const delay = active.reduce((sum, fault) => sum + (fault.kind === 'latency' ? fault.ms : 0), options.latencyMs);
    // A waiting reply must not hold up the end of the process.
    if (delay > 0) await sleep(delay, undefined, { ref: false });
    const fault = active.find(({ kind }) => kind !== 'latency');
    if (fault?.kind === 'status') return failWith(fault);
    const choices: Choice[] = replies.map((reply) => ({
      content: fault === undefined ? reply.content : alterContent(fault, reply.content),
      refusal: fault?.kind === 'refusal' ? 'I cannot help with that (simulated fault).' : null,
      toolCalls: fault === undefined ? reply.toolCalls : [],
      finishReason:
        fault?.kind === 'length' ? 'length' : reply.toolCalls.length > 0 && fault === undefined ? 'tool_calls' : 'stop',
      usage: reply.usage,
    }));
    const id = `chatcmpl-sim-${hashOf([world.family, world.seed, text, first]).slice(0, 20)}`;
    const body = stream
      ? streamChunks(id, request.model, choices, includeUsage).join('')
      : JSON.stringify(completionBody(id, request.model, choices));
    const type = stream ? 'text/event-stream; charset=utf-8' : 'application/json';
    if (fault !== undefined && BREAKS.has(fault.kind)) return breakReply(context, fault, body, type);
    return context.body(body, 200, { 'content-type': type, 'x-request-id': id });
  });

  app.notFound((context) => {
    const message = `There is no ${context.req.method} ${context.req.path} here: this simulated server has POST /v1/chat/completions and GET /v1/models, so the base URL ends in /v1.`;
    return context.json({ error: { ...errorBody(404, 'unknown_url').error, message } }, 404);
  });
  app.onError((error, context) =>
    context.json({ error: { message: messageOf(error), type: 'server_error', param: null, code: 'internal' } }, 500),
  );
  return app;
}

const BREAKS = new Set(['drop', 'truncated', 'broken-json']);

function failWith({ status, code, retryAfter }: Fault): Response {
  const headers: { [name: string]: string } = { 'content-type': 'application/json' };
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter);
  return new Response(JSON.stringify(errorBody(status, code)), { status, headers });
}

/** Writes to the socket by hand: a framework would not send a reply that is wrong on purpose. */
function breakReply(context: Received, fault: Fault, body: string, type: string): Response {
  if (fault.kind === 'broken-json') {
    return context.body(`<html><body>502 Bad Gateway (simulated fault)</body></html>`, 200, { 'content-type': type });
  }
  const outgoing: ServerResponse<IncomingMessage> = context.env.outgoing;
  if (fault.kind === 'truncated') {
    outgoing.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    outgoing.write(body.slice(0, Math.floor(body.length / 2)), () => outgoing.destroy());
  } else outgoing.destroy();
  return RESPONSE_ALREADY_SENT;
}

/** Serves until it is stopped. @throws ApoError `usage` when the address cannot be listened on. */
export function serveSimulated(world: World, options: SimulatedServerOptions): Promise<SimulatedServer> {
  const app = createSimulatedApp(world, options);
  return new Promise((resolve, reject) => {
    let end: () => void = () => {};
    const stopped = new Promise<void>((done) => {
      end = done;
    });
    const server = serve({ fetch: app.fetch, port: options.port, hostname: options.host }, (address: AddressInfo) => {
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve({ url: `http://${host}:${address.port}`, stopped, stop });
    });
    function stop(): void {
      process.off('SIGINT', stop).off('SIGTERM', stop);
      server.close(() => end());
      if ('closeAllConnections' in server) server.closeAllConnections();
    }
    server.on('error', (error) => {
      reject(
        new ApoError('usage', `cannot listen on ${options.host}:${options.port}: ${messageOf(error)}`, {
          hint: 'choose another --port or --host',
          cause: error,
        }),
      );
    });
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
