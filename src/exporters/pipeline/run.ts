import { hashOf, type JsonObject } from '../../core/json.ts';
import type { Message } from '../../core/message.ts';
import { findLeaks } from '../../core/privacy/leaks.ts';
import type {
  Exporter,
  FileKind,
  LabelledSample,
  PreferencePair,
  Purpose,
  ReferencedSample,
  Rendered,
  RenderOptions,
  TrainingSample,
} from '../exporter.ts';
import { unfit } from '../exporter.ts';
import { answerOf, promptOf } from '../shared/render.ts';
import { pairsOf } from './pairs.ts';
import type { Redaction } from './redaction.ts';
import { createTally, type ExportReport, type Tally } from './report.ts';
import type { RowWriter } from './row-writer.ts';
import { createRowWriter, createSpool } from './rows.ts';
import { createSeen } from './scratch.ts';
import { labelledOf, referencedOf, samplesOf } from './select.ts';
import { createShape, settled, widen } from './shape.ts';
import type { SampleSource, SelectOptions } from './source.ts';
import { createSplitter } from './split.ts';
import { findFault, findPairFault, findSampleFault, MAX_TOKENS } from './validate.ts';

export type ExportRequest = {
  readonly purpose: Purpose;
  readonly exporter: Exporter;
  readonly source: SampleSource;
  readonly select: SelectOptions;
  readonly redaction: Redaction;
  readonly render: RenderOptions;
  readonly file: FileKind;
  readonly out: string;
  /** Share of samples that goes to `valOut`; without it there is one file. */
  readonly split?: { readonly valShare: number; readonly valOut: string };
  /** Longest conversation, in estimated tokens. Default 65,536. */
  readonly maxTokens?: number;
};

type Item = { readonly rows: readonly JsonObject[]; readonly sessionHash: string; readonly userHash: string | null };

/** What will be written unless it is there already. */
type Candidate = Item & { readonly hash: string; readonly inventedTools: readonly string[] };

/**
 * Source to file, one sample at a time: select, redact, validate, render, drop duplicates, split, write. What has to be
 * remembered of each sample is in a temporary database; memory grows only with the sessions and users of a split.
 * Nothing is written when nothing is left.
 */
export async function runExport(request: ExportRequest): Promise<ExportReport> {
  const tally = createTally();
  const items = unique(renderAll(request, tally), tally);
  const needsSpool = request.split !== undefined || request.file === 'parquet';
  const written = needsSpool ? await writeSpooled(items, request) : await writeStraight(items, request);
  if (request.split !== undefined && written.samples > 0 && written.val === 0) {
    tally.warn('nothing is left for validation: all samples hang together by their sessions and users');
  }
  return { ...tally.counts(), ...written };
}

async function* renderAll(request: ExportRequest, tally: Tally): AsyncIterable<Candidate> {
  const { redaction } = request;
  if (request.purpose === 'dpo') {
    for await (const raw of pairsOf(request.source, request.select, tally)) {
      warn([...raw.prompt, ...raw.chosen, ...raw.rejected], redaction, tally);
      const pair = await redaction.pair(raw);
      const rendered = renderPair(pair, request);
      if (!rendered.ok) tally.leaveOut(rendered.reason);
      else {
        const hash = hashOf([pair.prompt, pair.chosen, pair.rejected]);
        yield { ...bondOf(pair), rows: rendered.rows, hash, inventedTools: [] };
      }
    }
    return;
  }
  for await (const raw of selected(request, tally)) {
    warn(raw.messages, redaction, tally);
    const sample = await redaction.sample(raw);
    const rendered = renderSample(sample, request);
    if (!rendered.ok) {
      tally.leaveOut(rendered.reason);
      continue;
    }
    const { inventedTools } = sample;
    yield { ...bondOf(sample), rows: rendered.rows, hash: identityOf(sample, request.purpose), inventedTools };
  }
}

type Selected = TrainingSample | LabelledSample | ReferencedSample;

function selected({ purpose, source, select }: ExportRequest, tally: Tally): AsyncIterable<Selected> {
  if (purpose === 'kto') return labelledOf(source, select, tally);
  if (purpose === 'rft') return referencedOf(source, select, tally);
  return samplesOf(source, purpose === 'csv' ? 'csv' : purpose === 'trajectory' ? 'trajectory' : 'sft', select, tally);
}

function renderPair(pair: PreferencePair, { exporter, render, maxTokens }: ExportRequest): Rendered {
  const fault = findPairFault(pair, maxTokens);
  return fault === undefined && exporter.dpo !== undefined ? exporter.dpo(pair, render) : unfit(fault ?? NO_SHAPE);
}

function renderSample(sample: Selected, { purpose, exporter, render, maxTokens }: ExportRequest): Rendered {
  // A table is for people: it shows failures too.
  if (purpose === 'csv') return exporter.csv?.(sample, render) ?? unfit(NO_SHAPE);
  if (purpose === 'rft')
    return 'reference' in sample ? renderReferenced(sample, exporter, render, maxTokens) : unfit(NO_SHAPE);
  const fault = findSampleFault(sample, maxTokens);
  if (fault !== undefined) return unfit(fault);
  if (purpose === 'kto') return ('label' in sample ? exporter.kto?.(sample, render) : undefined) ?? unfit(NO_SHAPE);
  return exporter[purpose === 'trajectory' ? 'trajectory' : 'sft']?.(sample, render) ?? unfit(NO_SHAPE);
}

const NO_SHAPE = 'the format has no shape for it';

/** Prompt and reference are in the file, so they are judged; an answer that serves as the reference is judged as a whole. */
function renderReferenced(
  sample: ReferencedSample,
  exporter: Exporter,
  render: RenderOptions,
  maxTokens: number = MAX_TOKENS,
): Rendered {
  if (sample.reference.trim() === '') return unfit('no reference answer');
  const own = sample.expected === null ? findSampleFault(sample, maxTokens) : undefined;
  const fault = own ?? findFault([...promptOf(sample), { role: 'assistant', content: sample.reference }], maxTokens);
  return fault === undefined ? (exporter.rft?.(sample, render) ?? unfit(NO_SHAPE)) : unfit(fault);
}

/** What readers of media leave in the text, see conventions/to-messages.ts and openai/messages.ts. */
const MEDIA = /(?:^|\n)\[(?:input_)?(?:image|audio|video|document|file|blob|uri)(?:_url)?(?: [^\]\n]*)?\](?:\n|$)/;

function warn(messages: readonly Message[], { level }: Redaction, tally: Tally): void {
  if (level === 0 && messages.some(({ content }) => findLeaks(content, 1).length > 0)) {
    tally.warn('conversations contain keys or passwords, and redaction is off');
  }
  if (messages.some(({ content }) => MEDIA.test(content))) {
    tally.warn('conversations contain media, which are not exported: a word in brackets stands for each');
  }
}

function bondOf({ sessionHash, userHash }: { readonly sessionHash: string; readonly userHash: string | null }) {
  return { sessionHash, userHash };
}

/** What makes two samples the same: system prompt, first user message and final answer. For prompts, the prompt. */
function identityOf(sample: TrainingSample, purpose: Purpose): string {
  if (purpose === 'csv' || purpose === 'trajectory') return hashOf(sample.id);
  if (purpose === 'rft') return hashOf(promptOf(sample));
  const first = sample.messages.find(({ role }) => role === 'user');
  const system = sample.messages[0]?.role === 'system' ? sample.messages[0].content : '';
  return hashOf([system, first?.content ?? '', answerOf(sample).at(-1) ?? null]);
}

async function* unique(items: AsyncIterable<Candidate>, tally: Tally): AsyncIterable<Item> {
  const seen = createSeen();
  try {
    for await (const { hash, inventedTools, ...item } of items) {
      if (!seen.add(hash)) tally.leaveOut('duplicate');
      else {
        for (const name of inventedTools) tally.warn('tool schema made up from its calls', name);
        yield item;
      }
    }
  } finally {
    seen.close();
  }
}

type Written = Pick<ExportReport, 'samples' | 'rows' | 'train' | 'val'>;

async function writeStraight(items: AsyncIterable<Item>, { exporter, file, out }: ExportRequest): Promise<Written> {
  let writer: RowWriter | undefined;
  let samples = 0;
  let rows = 0;
  try {
    for await (const item of items) {
      writer ??= createRowWriter(file, out);
      samples++;
      for (const row of item.rows) writer.write(placed(exporter, row, 'train', rows++));
    }
    writer?.commit();
  } finally {
    writer?.discard();
  }
  return { samples, rows, train: samples, val: 0 };
}

/** Splitting needs all groups, and Parquet needs all fields, before the first row can be written. */
async function writeSpooled(items: AsyncIterable<Item>, request: ExportRequest): Promise<Written> {
  const { exporter, file, out, split } = request;
  const spool = createSpool<Item>(out);
  const splitter = createSplitter(split?.valShare ?? 0);
  const writers: RowWriter[] = [];
  try {
    let shape = createShape();
    let samples = 0;
    for await (const item of items) {
      samples++;
      splitter.add(item);
      spool.add(item);
      if (file === 'parquet') for (const row of item.rows) shape = widen(shape, placed(exporter, row, 'train', 0));
    }
    if (samples === 0) return { samples: 0, rows: 0, train: 0, val: 0 };
    const counts = { train: 0, val: 0 };
    const rows = { train: 0, val: 0 };
    const writerOf = { train: createRowWriter(file, out, settled(shape)), val: undefined as RowWriter | undefined };
    writers.push(writerOf.train);
    if (split !== undefined) {
      writerOf.val = createRowWriter(file, split.valOut, settled(shape));
      writers.push(writerOf.val);
    }
    for await (const item of spool.read()) {
      const side = writerOf.val === undefined ? 'train' : splitter.sideOf(item);
      counts[side]++;
      for (const row of item.rows) writerOf[side]?.write(placed(exporter, row, side, rows[side]++));
    }
    for (const writer of writers) writer.commit();
    return { samples, rows: rows.train + rows.val, ...counts };
  } finally {
    spool.discard();
    for (const writer of writers) writer.discard();
  }
}

function placed(exporter: Exporter, row: JsonObject, split: 'train' | 'val', index: number): JsonObject {
  return exporter.place?.(row, { split, index }) ?? row;
}
