import { basename, dirname, extname, join } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import type { RedactionLevel } from '../../core/privacy/detector.ts';
import type { Exporter, FileKind, Purpose, RenderOptions } from '../../exporters/exporter.ts';
import { THINKING_MODES } from '../../exporters/exporter.ts';
import type { SelectOptions } from '../../exporters/pipeline/source.ts';
import type { StoreOptions } from '../ui/store-options.ts';

export type Verb = 'sft' | 'dpo' | 'kto' | 'rft' | 'sharegpt' | 'csv';

/** As given on the command line. */
export type ExportFlags = StoreOptions & {
  readonly out: string;
  readonly run?: string;
  readonly session?: string;
  readonly history?: string;
  readonly historySource?: string;
  readonly dataset?: string;
  readonly minScore?: number;
  readonly maxScore?: number;
  readonly redact: RedactionLevel;
  readonly detector?: string;
  readonly format?: string;
  readonly thinking?: string;
  readonly strings?: boolean;
  readonly split?: number;
  readonly goodScore?: number;
  readonly margin?: number;
  readonly maxTokens?: number;
  readonly longest?: boolean;
};

const DEFAULT_FORMATS: { readonly [verb in Verb]: string } = {
  sft: 'openai',
  dpo: 'openai',
  kto: 'trl',
  rft: 'openai',
  sharegpt: 'sharegpt',
  csv: 'csv',
};

export function formatOf(verb: Verb, flags: ExportFlags): string {
  return flags.format ?? DEFAULT_FORMATS[verb];
}

/** @throws ApoError `usage` when the format has no shape for the verb */
export function purposeOf(verb: Verb, exporter: Exporter): Purpose {
  const wanted: Purpose = verb === 'sharegpt' ? 'sft' : verb;
  if (exporter[wanted] !== undefined) return wanted;
  // Formats of rewards have one shape for every verb that learns from whole conversations.
  if ((verb === 'sft' || verb === 'rft') && exporter.trajectory !== undefined) return 'trajectory';
  throw new ApoError('usage', `format "${exporter.name}" has no shape for ${verb}`, {
    hint: `apo export ${verb} --help names the formats that have one`,
  });
}

const ENDINGS: { readonly [ending: string]: FileKind } = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
};

/** @throws ApoError `usage` when the format's consumers do not read such a file */
export function fileKindOf(out: string, exporter: Exporter): FileKind {
  const kind = ENDINGS[extname(out).toLowerCase()] ?? exporter.files[0];
  if (exporter.files.includes(kind)) return kind;
  throw new ApoError('usage', `format "${exporter.name}" is not written as ${extname(out)}`, {
    hint: `name the file *.${exporter.files.join(' or *.')}`,
  });
}

export function renderOptions(flags: ExportFlags, exporter: Exporter): RenderOptions {
  const thinking = THINKING_MODES.find((mode) => mode === (flags.thinking ?? exporter.thinking[0]));
  if (thinking === undefined || !exporter.thinking.includes(thinking)) {
    throw new ApoError('usage', `format "${exporter.name}" cannot carry --thinking ${flags.thinking}`, {
      hint: `choose ${exporter.thinking.join(' or ')}`,
    });
  }
  return { thinking, strings: flags.strings === true };
}

export function selectOptions(flags: ExportFlags): SelectOptions {
  return {
    minScore: flags.minScore,
    maxScore: flags.maxScore,
    goodScore: flags.goodScore ?? 0.5,
    margin: flags.margin ?? 0.2,
    longest: flags.longest === true,
  };
}

/** The validation file stands beside the other one: `data.jsonl` and `data.val.jsonl`. */
export function splitOptions(flags: ExportFlags): { readonly valShare: number; readonly valOut: string } | undefined {
  if (flags.split === undefined) return undefined;
  const ending = extname(flags.out);
  return { valShare: flags.split, valOut: join(dirname(flags.out), `${basename(flags.out, ending)}.val${ending}`) };
}
