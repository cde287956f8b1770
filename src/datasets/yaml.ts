import { type Document, isMap, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import { ApoError, messageOf } from '../core/errors.ts';
import { findUnsafe, type Json, parseWellFormed } from '../core/json.ts';
import { rowsOf } from './json.ts';
import type { RawRow } from './rows.ts';

/** Enough for honest reuse of a value, not for a "billion laughs". */
const MAX_ALIASES = 100;

/**
 * YAML 1.2 core schema: a list of rows, an object that holds one, or one row a document. Plain scalars whose text a number
 * would not give back (1e3, 007, 1.50) stay text, since they may be an expected answer.
 * @throws ApoError `dataset-invalid` for broken YAML, unknown tags (`!!js/function`) and alias bombs.
 */
export function readYaml(text: string, name: string): readonly RawRow[] {
  const lines = new LineCounter();
  try {
    const documents = parseAllDocuments(text, { lineCounter: lines, merge: true });
    return (documents as readonly Document.Parsed[]).flatMap((document) => readDocument(document, lines, name));
  } catch (error) {
    if (error instanceof ApoError) throw error;
    const isCycle = error instanceof TypeError && error.message.includes('circular');
    throw invalid(name, isCycle ? 'an alias stands for a value that holds it' : messageOf(error), error);
  }
}

function readDocument(document: Document.Parsed, lines: LineCounter, name: string): readonly RawRow[] {
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const place = problem.linePos?.[0];
    const where = place === undefined ? name : `${name}:${place.line}:${place.col}`;
    throw invalid(where, problem.message.split('\n')[0]?.replace(/ at line .*$/, '') ?? 'not YAML');
  }
  if (document.contents === null) return [];
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value === 'number' && node.source !== undefined && String(node.value) !== node.source)
        node.value = node.source;
    },
  });
  const raw: Json = document.toJS({ maxAliasCount: MAX_ALIASES });
  const value = (raw === undefined ? null : parseWellFormed(JSON.stringify(raw))) as Json;
  const { rows, key } = rowsOf(value);
  const list = key === undefined ? document.contents : isMap(document.contents) ? document.get(key, true) : undefined;
  return rows.map((row, index): RawRow => {
    const node = isSeq(list) ? list.items[index] : document.contents;
    const range = (node as { range?: readonly number[] } | null)?.range?.[0];
    const line = range === undefined ? 1 : lines.linePos(range).line;
    const reason = findUnsafe(row);
    return reason === undefined ? { line, ok: true, value: row } : { line, ok: false, reason };
  });
}

function invalid(where: string, reason: string, cause?: unknown): ApoError {
  return new ApoError('dataset-invalid', `cannot read dataset ${where}: ${reason}`, {
    hint: 'correct the YAML',
    cause,
  });
}
