import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateLimitResetOf, retryAfterInText, retryAfterOf } from '../../../src/models/openai/timing.ts';

const NOW = Date.UTC(2026, 10, 21, 9, 0, 0);
const waitOf = (headers: Record<string, string>): number | undefined => retryAfterOf(new Headers(headers), NOW);
const reset = (headers: Record<string, string>): number | undefined => rateLimitResetOf(new Headers(headers), NOW);

describe('retry-after', () => {
  it.each([
    ['20', 20_000],
    ['0', 0],
    ['1.5', 1500],
    ['Sat, 21 Nov 2026 09:00:30 GMT', 30_000],
    ['Saturday, 21-Nov-26 09:00:30 GMT', 30_000],
    ['Sat Nov 21 09:00:30 2026', 30_000],
    ['Sun Nov  1 09:00:30 2026', undefined],
    ['Sat, 21 Nov 2026 08:59:59 GMT', undefined],
    ['Sat, 21 Nov 2126 09:00:00 GMT', undefined],
    ['Sat, 21 Foo 2026 09:00:30 GMT', undefined],
    ['-5', undefined],
    ['NaN', undefined],
    ['Infinity', undefined],
    ['99999999999', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['', undefined],
    ['30s', 30_000],
  ])('%s means %s ms', (value, expected) => {
    expect(waitOf({ 'retry-after': value })).toBe(expected);
  });

  it('in milliseconds wins over seconds, unless it is nonsense', () => {
    expect(waitOf({ 'retry-after-ms': '1250', 'retry-after': '9' })).toBe(1250);
    expect(waitOf({ 'retry-after-ms': '-1', 'retry-after': '9' })).toBe(9000);
  });

  it('is a plausible number of milliseconds or nothing, whatever the server sends', () => {
    const value = fc
      .oneof(fc.string({ unit: 'binary-ascii' }), fc.double().map(String), fc.date().map(String))
      .map((text) => text.replace(/[^\x20-\x7e]/g, ''));
    fc.assert(
      fc.property(value, (text) => {
        const ms = waitOf({ 'retry-after': text }) ?? reset({ 'x-ratelimit-reset': text }) ?? 0;
        expect(ms >= 0 && ms <= 31 * 24 * 3_600_000 && Number.isInteger(ms)).toBe(true);
      }),
    );
  });
});

describe('rate-limit reset', () => {
  it.each([
    ['the bucket of requests', { 'x-ratelimit-reset-requests': '1s' }, 1000],
    ['the bucket of tokens', { 'x-ratelimit-reset-tokens': '1m2.5s' }, 62_500],
    ['milliseconds', { 'x-ratelimit-reset-tokens': '120ms' }, 120],
    ['seconds', { 'x-ratelimit-reset': '7' }, 7000],
    ['the standard name', { 'ratelimit-reset': '8' }, 8000],
    ['seconds since 1970', { 'x-ratelimit-reset': String(NOW / 1000 + 9) }, 9000],
    ['milliseconds since 1970', { 'x-ratelimit-reset': String(NOW + 1234) }, 1234],
    ['a time of RFC 3339', { 'anthropic-ratelimit-tokens-reset': '2026-11-21T09:00:11Z' }, 11_000],
    ['the past', { 'x-ratelimit-reset': '2026-11-21T08:00:00Z' }, undefined],
    ['nonsense', { 'x-ratelimit-reset-requests': 'never', 'x-ratelimit-reset-tokens': '-3s' }, undefined],
    ['nothing', {}, undefined],
  ])('reads %s', (_name, headers, expected) => {
    expect(reset(headers)).toBe(expected);
  });

  it('waits for the exhausted bucket, not for the one that resets last', () => {
    const buckets = { 'x-ratelimit-reset-requests': '2s', 'x-ratelimit-reset-tokens': '6m0s' };
    expect(reset({ ...buckets, 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-remaining-tokens': '500' })).toBe(
      2000,
    );
    expect(reset(buckets)).toBe(360_000);
  });
});

describe('a wait in the text of an error', () => {
  it.each([
    ['Rate limit reached. Please try again in 1.2s. Visit ...', 1200],
    ['Please try again in 6m0s.', 360_000],
    ['Please retry in 34.07s.', 34_070],
    ['"retryDelay": "34s"', 34_000],
    ['try again in a while', undefined],
  ])('%s', (text, expected) => {
    expect(retryAfterInText(text)).toBe(expected);
  });
});
