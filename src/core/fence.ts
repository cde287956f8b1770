import { createHash } from 'node:crypto';
import { ApoError } from './errors.ts';
import { canonicalJson } from './json.ts';

/*
 * Prompts that carry untrusted text (answers, conversations, critiques) put it between two tags whose name the text
 * cannot know: spotlighting by delimiters, after arXiv 2403.14720. Instructions stand before the block and are
 * repeated after it; the block itself is data.
 */

const NONCE = /^[0-9a-f]{32}$/;

/**
 * 128 bits that depend on everything in the request: the same request has the same nonce (so that its journal key is
 * stable over a resume), and a text that wants to contain its own nonce would have to solve SHA-256 for it.
 */
export function nonceOf(purpose: string, content: unknown): string {
  return createHash('sha256')
    .update(`${purpose}\n${canonicalJson(content)}`)
    .digest('hex')
    .slice(0, 32);
}

/**
 * Untrusted texts as one JSON object between `<data-{nonce}>` and `</data-{nonce}>`. Inside, `<` and `>`, double braces
 * and invisible characters appear only as JSON escapes, so that no value can close the block, open another, or look
 * like a `{{placeholder}}`; occurrences of the nonce are replaced by `-`. Everything else is lossless.
 * @throws ApoError `internal` when the nonce is not 32 lower-case hex digits.
 */
export function fence(parts: { readonly [name: string]: string | null }, nonce: string): string {
  if (!NONCE.test(nonce)) throw new ApoError('internal', 'a fence needs a nonce of 32 lower-case hex digits');
  const lines = Object.entries(parts).map(([name, text]) => `${quote(name, nonce)}: ${quote(text, nonce)}`);
  return between(nonce, `{\n${lines.join(',\n')}\n}`);
}

function between(nonce: string, body: string): string {
  return `<data-${nonce}>\n${body}\n</data-${nonce}>`;
}

/**
 * One text between the same tags, for critics and editors, who have to read it as its author wrote it. It cannot close the
 * block, as it would have to contain a hash over itself; what looks like a tag of ours is taken apart all the same, because
 * the model that reads it checks no hashes.
 */
export function fenceText(text: string, nonce: string): string {
  return between(nonce, withoutNonce(text, nonce).replace(/<(?=\/?data-)/gi, '&lt;'));
}

/** Replaced by a character that a nonce cannot contain, so that removing one occurrence never forms another. */
function withoutNonce(text: string, nonce: string): string {
  // Almost never in it, and an expression for each nonce would be compiled for one text.
  return text.toLowerCase().includes(nonce) ? text.replaceAll(new RegExp(nonce, 'gi'), '-') : text;
}

function quote(text: string | null, nonce: string): string {
  if (text === null) return 'null';
  return JSON.stringify(withoutNonce(text, nonce)).replace(UNSAFE, (found) =>
    [...Array(found.length).keys()].map((index) => escapeUnit(found, index)).join(''),
  );
}

function escapeUnit(text: string, index: number): string {
  return `\\u${text.charCodeAt(index).toString(16).padStart(4, '0')}`;
}

/** Tags, double braces; C1, soft hyphen, zero-width, bidirectional, line separators, byte order mark, tag characters. */
const UNSAFE =
  /[<>]|\{(?=\{)|\}(?=\})|[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
