import type { Connection } from '../connection.ts';

/** Words of one search; more are ignored. */
const MAX_WORDS = 32;

/** An index in memory with the tokenizer of `span_words`, see 0002-traces.sql. */
const CREATE = `create virtual table if not exists temp.read_words using fts5(
  words, content='', contentless_delete=1, detail=none, tokenize='unicode61 remove_diacritics 2'
)`;

/** Makes `temp.read_words`, empty. */
export function emptyWords(connection: Connection): void {
  connection.scratch(CREATE);
  connection.scratch("insert into temp.read_words (read_words) values ('delete-all')");
}

/**
 * A search for all words, each also as the beginning of a longer one; the same letters and digits that the index holds.
 * Undefined when there is no word in the text.
 */
export function wordsQuery(connection: Connection, text: string): string | undefined {
  const words = (text.normalize('NFC').match(/[\p{L}\p{N}\p{Co}\p{M}]+/gu) ?? []).slice(0, MAX_WORDS);
  if (words.length === 0) return undefined;
  const query = queryOf(words);
  emptyWords(connection);
  if (isOneWordEach(connection, query)) return query;
  // The index knows the letters of an older Unicode: what is one word here can be several there.
  const known = words.flatMap((word) => (isOneWordEach(connection, queryOf([word])) ? [word] : [...word]));
  return queryOf(known);
}

function queryOf(words: readonly string[]): string {
  return words.map((word) => `"${word}"*`).join(' ');
}

function isOneWordEach(connection: Connection, query: string): boolean {
  try {
    connection.get('select 1 from temp.read_words where read_words match ?', query);
    return true;
  } catch {
    return false;
  }
}
