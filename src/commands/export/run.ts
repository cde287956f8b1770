import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { loadEnvironment } from '../../config/environment.ts';
import { ApoError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject, parseJson } from '../../core/json.ts';
import type { OutsideDetector } from '../../core/privacy/detector.ts';
import type { Exporter, Purpose } from '../../exporters/exporter.ts';
import { createRedaction } from '../../exporters/pipeline/redaction.ts';
import type { ExportReport } from '../../exporters/pipeline/report.ts';
import { runExport } from '../../exporters/pipeline/run.ts';
import { writeFileAtomic } from '../../platform/files.ts';
import { terminalSafe } from '../../platform/text.ts';
import { loadPlugin } from '../../plugins.ts';
import { printJson } from '../ui/output.ts';
import {
  type ExportFlags,
  fileKindOf,
  formatOf,
  purposeOf,
  renderOptions,
  selectOptions,
  splitOptions,
  type Verb,
} from './options.ts';
import { withSource } from './source.ts';

/** `apo export <verb>`: everything about the flags is checked before the first record is read. */
export async function exportData(verb: Verb, flags: ExportFlags): Promise<void> {
  const context = { folder: process.cwd(), environment: loadEnvironment() };
  const exporter = await loadPlugin('exporter', { use: formatOf(verb, flags) }, context);
  const purpose = purposeOf(verb, exporter);
  const split = splitOptions(flags);
  const detectors: readonly OutsideDetector[] =
    flags.detector === undefined ? [] : [await loadPlugin('detector', { use: detectorFile(flags) }, context)];
  const request = {
    purpose,
    exporter,
    select: selectOptions(flags),
    redaction: createRedaction(flags.redact, detectors),
    render: renderOptions(flags, exporter),
    file: fileKindOf(flags.out, exporter),
    out: flags.out,
    ...(split === undefined ? {} : { split }),
    ...(flags.maxTokens === undefined ? {} : { maxTokens: flags.maxTokens }),
  };
  const report = await withSource(flags, (source) => runExport({ ...request, source }));
  if (report.samples === 0) throw nothingLeft(report);
  const files = { out: flags.out, ...(split === undefined ? {} : { val: split.valOut }) };
  const datasetInfo = describeFiles(exporter, purpose, Object.values(files));
  if (flags.json === true) {
    printJson({ verb, format: exporter.name, redaction: flags.redact, files, ...report, datasetInfo });
    return;
  }
  process.stderr.write(renderReport(report, Object.values(files)));
}

/** There are no built-in ones to name: always a path, with or without `./` before it. */
function detectorFile({ detector = '', redact }: ExportFlags): string {
  if (redact > 0) return resolve(detector);
  throw new ApoError('usage', 'a detector removes nothing at --redact 0', {
    hint: 'leave --detector out, or use 1 to 3',
  });
}

function nothingLeft(report: ExportReport): ApoError {
  const reasons = Object.entries(report.leftOut).map(([reason, count]) => `${count} left out: ${reason}`);
  const why = reasons.length === 0 ? 'there are no records' : `of ${report.records} records ${reasons.join(', ')}`;
  return new ApoError('not-found', `nothing to export - ${why}`, {
    hint: 'name a source with --run, --session, --history or --dataset, or loosen the filters',
  });
}

function renderReport(report: ExportReport, files: readonly string[]): string {
  const [out, val] = files;
  const lines = [
    val === undefined
      ? `exported ${report.samples} of ${report.records} records to ${out}`
      : `exported ${report.samples} of ${report.records} records: ${report.train} to ${out}, ${report.val} to ${val}`,
    ...(report.rows === report.samples ? [] : [`${report.rows} rows`]),
    ...Object.entries(report.leftOut).map(([reason, count]) => `left out ${count}: ${reason}`),
    ...report.warnings.map((warning) => `warning: ${warning}`),
  ];
  return `${lines.map(terminalSafe).join('\n')}\n`;
}

/** Adds our entries to the `dataset_info.json` beside the files, which is where LLaMA-Factory looks for them. */
function describeFiles(exporter: Exporter, purpose: Purpose, files: readonly string[]): JsonObject {
  const describe = exporter.describe;
  if (describe === undefined) return {};
  const entries = Object.fromEntries(
    files.map((file) => [basename(file, extname(file)).replaceAll('.', '_'), describe(purpose, basename(file))]),
  );
  const path = join(dirname(files[0] ?? ''), 'dataset_info.json');
  const known = existsSync(path) ? parseJson(readFileSync(path, 'utf8')) : { ok: true as const, value: {} };
  // A file that is not ours to understand stays as it is; --json shows the entries.
  if (known.ok && isJsonObject(known.value)) {
    writeFileAtomic(path, `${JSON.stringify({ ...known.value, ...entries }, null, 2)}\n`);
  }
  return entries;
}
