import { basename, dirname, extname, join } from 'node:path';
import { ApoError } from '../../core/errors.ts';
import { DEFAULT_REDACTION, REDACTION_LEVELS, type RedactionLevel } from '../../core/privacy/detector.ts';
import type { Exporter, FileKind, Purpose, RenderOptions } from '../../exporters/exporter.ts';
import { THINKING_MODES } from '../../exporters/exporter.ts';
import type { SelectOptions } from '../../exporters/shared/source.ts';
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
  readonly minScore?: string;
  readonly maxScore?: string;
  readonly redact?: string;
  readonly detector?: string;
  readonly format?: string;
  readonly thinking?: string;
  readonly strings?: boolean;
  readonly split?: string;
  readonly goodScore?: string;
  readonly margin?: string;
  readonly maxTokens?: string;
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
    minScore: share('--min-score', flags.minScore),
    maxScore: share('--max-score', flags.maxScore),
    goodScore: share('--good-score', flags.goodScore) ?? 0.5,
    margin: share('--margin', flags.margin) ?? 0.2,
    longest: flags.longest === true,
  };
}

export function redactionLevel(flags: ExportFlags): RedactionLevel {
  const given = flags.redact ?? String(DEFAULT_REDACTION);
  const level = REDACTION_LEVELS.find((known) => String(known) === given);
  if (level !== undefined) return level;
  throw new ApoError('usage', `--redact ${given} is no level`, { hint: 'choose 0, 1, 2, 3 or 4' });
}

/** The validation file stands beside the other one: `data.jsonl` and `data.val.jsonl`. */
export function splitOptions(flags: ExportFlags): { readonly valShare: number; readonly valOut: string } | undefined {
  const valShare = share('--split', flags.split);
  if (valShare === undefined) return undefined;
  if (valShare === 0 || valShare === 1) {
    throw new ApoError('usage', `--split ${flags.split} leaves one side empty`, { hint: 'give a share such as 0.2' });
  }
  const ending = extname(flags.out);
  return { valShare, valOut: join(dirname(flags.out), `${basename(flags.out, ending)}.val${ending}`) };
}

export function tokenLimit(flags: ExportFlags): number | undefined {
  if (flags.maxTokens === undefined) return undefined;
  const limit = Number(flags.maxTokens);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new ApoError('usage', `--max-tokens ${flags.maxTokens} is no positive whole number`);
}

function share(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new ApoError('usage', `${flag} ${given} is not a number from 0 to 1`);
}
