import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadEnvironment } from '../config/environment.ts';
import { ApoError } from '../core/errors.ts';
import { terminalSafe } from '../platform/text.ts';
import { isLoopback } from '../server/guard.ts';
import type { ServeOptions } from '../server/serve.ts';
import { coldFolder, pseudonymKey } from './trace/retention.ts';
import { type StoreOptions, storePath } from './ui/store-options.ts';
import { days, wholeNumber } from './ui/values.ts';

type Options = StoreOptions & {
  readonly host: string;
  readonly port: number;
  readonly otlpPort: number;
  readonly unsafeHost?: readonly string[];
  readonly maxBodyMib: number;
  readonly maxDecodedMib: number;
  readonly retentionDays?: number;
  readonly archive?: string;
  readonly expireDays: number;
};

const MEBIBYTE = 1024 * 1024;
const port = wholeNumber({ least: 0, most: 65_535 });
const mebibytes = wholeNumber({ least: 1, most: 1024 });

export function register(program: Command): void {
  program
    .command('serve')
    .description('Receives traces (OTLP over HTTP) and serves them, until it is stopped.')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port; 0 takes any free one', port, 4747)
    .option('--otlp-port <port>', 'second port, where exporters send by default', port, 4318)
    .option('--store <file>', 'store to write (default: apo.db in the results folder)')
    .option('--results <folder>', 'results folder (default: APO_RESULTS, else ./results)')
    .option(
      '--unsafe-host <names...>',
      'allow these Host names and other addresses than loopback; needs APO_SERVE_TOKEN',
    )
    .option('--max-body-mib <n>', 'largest request on the wire', mebibytes, 4)
    .option('--max-decoded-mib <n>', 'largest request after decompression', mebibytes, 20)
    .option('--retention-days <n>', 'move traces that started longer ago to cold storage, now and every hour', days)
    .option('--archive <folder>', 'cold storage: Parquet files by date, redacted (default: cold beside the store)')
    .option('--expire-days <n>', 'remove Parquet files of dates longer ago', days, 365)
    .action(async (options: Options) => runServer(options));
}

async function runServer(options: Options): Promise<void> {
  const path = storePath(options);
  const environment = loadEnvironment();
  const token = environment.secret('APO_SERVE_TOKEN');
  const trustedHosts = options.unsafeHost ?? [];
  const retention = retentionOf(options);
  checkExposure(options.host, trustedHosts, token !== undefined);
  const [{ loadPlugin }, { serve }] = await Promise.all([import('../plugins.ts'), import('../server/serve.ts')]);
  const store = await loadPlugin('store', { use: 'sqlite', path }, { folder: process.cwd(), environment });
  const stopped = stopSignal();
  try {
    const exposed = trustedHosts.length > 0 || !isLoopback(options.host);
    const running = await serve({
      host: options.host,
      port: options.port,
      otlpPort: options.otlpPort,
      storePath: path,
      store,
      trustedHosts,
      token: exposed ? token : undefined,
      limits: {
        maxBodyBytes: options.maxBodyMib * MEBIBYTE,
        maxDecodedBytes: options.maxDecodedMib * MEBIBYTE,
      },
      ...(retention === undefined ? {} : { retention }),
      warn: (message) => process.stderr.write(terminalSafe(`apo serve: ${message}\n`)),
    });
    const shown = options.store ?? path;
    process.stdout.write(`apo serve: ${running.url} otlp ${running.otlpUrl} store ${shown}\n`);
    await stopped;
    await running.stop();
  } finally {
    await store.close();
  }
}

/** @throws ApoError `usage` */
function retentionOf(options: Options): ServeOptions['retention'] {
  const { retentionDays, archive, expireDays } = options;
  if (retentionDays === undefined) {
    if (archive === undefined) return undefined;
    throw new ApoError('usage', '--archive needs to know which traces are old', { hint: 'add --retention-days 30' });
  }
  const folder = resolve(archive ?? coldFolder(options));
  return {
    days: retentionDays,
    expireDays,
    folder,
    key: pseudonymKey(options),
    report(outcome) {
      if (typeof outcome === 'string') process.stderr.write(terminalSafe(`apo serve: retention failed: ${outcome}\n`));
      else if (outcome.traces + outcome.expired.length > 0) {
        const { traces, spans, expired } = outcome;
        process.stderr.write(
          terminalSafe(
            `apo serve: ${traces} traces (${spans} spans) moved to ${folder}, ${expired.length} dates expired\n`,
          ),
        );
      }
    },
  };
}

/** Conversations must not leave the machine by accident. */
function checkExposure(host: string, trustedHosts: readonly string[], hasToken: boolean): void {
  const exposed = trustedHosts.length > 0 || !isLoopback(host);
  if (!exposed) return;
  if (trustedHosts.length === 0) {
    throw new ApoError('usage', `${host} can be reached from other machines`, {
      hint: 'listen on 127.0.0.1, or name the Host that clients use with --unsafe-host and set APO_SERVE_TOKEN',
    });
  }
  if (!hasToken) {
    throw new ApoError('usage', '--unsafe-host needs a token', {
      hint: 'set APO_SERVE_TOKEN; clients send it as Authorization: Bearer',
    });
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as usual. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = (): void => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
