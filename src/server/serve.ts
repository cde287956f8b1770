import type { Secret } from '../core/secret.ts';
import type { Store } from '../stores/store.ts';
import type { ArchiveReport, Retention } from '../traces/cold/archive.ts';
import { createApp } from './app.ts';
import { createIngestThread } from './ingest-thread.ts';
import { watched } from './ingest-watch.ts';
import { SERVER_LIMITS, type ServerLimits } from './limits.ts';
import { createHttpServer, listen, type ServerParts, stop } from './listen.ts';
import { createOtlpReceiver } from './otlp.ts';
import { type RunningRetention, retentionInThread, startRetention } from './retention.ts';

export type ServeOptions = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly otlpPort: number;
  /** Absolute path of the store behind `store`. */
  readonly storePath: string;
  readonly store: Store;
  readonly trustedHosts: readonly string[];
  readonly token: Secret | undefined;
  readonly limits?: Partial<ServerLimits>;
  /** Told when spans cannot be stored, at most once a minute, and when they can be again. */
  readonly warn?: (message: string) => void;
  /** Applied at once and every hour; without it everything stays in the store. */
  readonly retention?: Retention & {
    /** The project's key for pseudonyms. */
    readonly key: string;
    /** Told what a run did, or why it failed. */
    readonly report: (outcome: ArchiveReport | string) => void;
  };
};

export type RunningServer = {
  readonly url: string;
  readonly otlpUrl: string;
  /** Answers what was accepted, stores it and ends. */
  stop(): Promise<void>;
};

/**
 * Starts both listeners; each takes every route, the second exists because exporters send to 4318 by default.
 * @throws ApoError `usage` when an address cannot be had
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const limits: ServerLimits = { ...SERVER_LIMITS, ...options.limits };
  const ingest = watched(createIngestThread(options.storePath, limits), options.warn ?? (() => undefined));
  const parts: ServerParts = {
    app: createApp(options.store.traces),
    otlp: createOtlpReceiver(ingest, limits),
    access: { trustedHosts: options.trustedHosts.map((name) => name.toLowerCase()), token: options.token },
    limits,
  };
  const main = createHttpServer(parts);
  const otlp = createHttpServer(parts);
  try {
    const url = await listen(main, options.host, options.port, '--port');
    const onePort = options.otlpPort === options.port && options.port !== 0;
    const otlpUrl = onePort ? url : await listen(otlp, options.host, options.otlpPort, '--otlp-port');
    const retention = retentionOf(options);
    return {
      url,
      otlpUrl: `${otlpUrl}/v1/traces`,
      async stop() {
        const { stopTimeoutMs } = limits;
        await Promise.all([stop(main, stopTimeoutMs), stop(otlp, stopTimeoutMs), retention?.stop(stopTimeoutMs)]);
        await ingest.close();
      },
    };
  } catch (error) {
    await Promise.all([stop(main, 0), stop(otlp, 0), ingest.close()]);
    throw error;
  }
}

function retentionOf({ storePath, retention }: ServeOptions): RunningRetention | undefined {
  if (retention === undefined) return undefined;
  const { key, report, ...applied } = retention;
  return startRetention(() => retentionInThread({ storePath, key, retention: applied }), report);
}
