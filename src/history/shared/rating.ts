import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';

/**
 * Ratings that a host application wrote, brought to 0..1. The scale of a number is not written anywhere: 1 is the best
 * thumb and the worst star, so the scale is decided by the largest rating of the whole history.
 */
export type RatingScale = 'unit' | 'stars' | 'ten' | 'percent';

const KEYS = [
  'rating',
  'user_rating',
  'score',
  'feedback',
  'user_feedback',
  'thumbs',
  'thumb',
  'vote',
  'stars',
  'liked',
];
const GOOD = /^(up|thumbs?[ _-]?up|positive|good|great|like|liked|yes|true|👍.*|upvote|helpful|correct)$/iu;
const BAD =
  /^(down|thumbs?[ _-]?down|negative|bad|poor|dislike|disliked|no|false|👎.*|downvote|unhelpful|incorrect)$/iu;

/** The first rating found in any of the objects, raw: a number, or `true`/`false` for words and thumbs. */
export function findRating(...places: readonly (Json | undefined)[]): number | boolean | undefined {
  for (const place of places) {
    if (!isJsonObject(place)) continue;
    for (const key of KEYS) {
      const value = rawRating(place[key]);
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

/** Ratings that the host keeps in one object by run id, for example `session_state.ratings`. */
export function findRatingOfRun(runId: string, ...places: readonly (Json | undefined)[]): number | boolean | undefined {
  for (const place of places) {
    if (!isJsonObject(place)) continue;
    for (const key of ['ratings', 'feedbacks', 'scores', ...KEYS]) {
      const byRun = place[key];
      const value = isJsonObject(byRun) && Object.hasOwn(byRun, runId) ? rawRating(byRun[runId]) : undefined;
      if (value !== undefined) return value;
    }
  }
  return undefined;
}

export function rawRating(value: Json | undefined): number | boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'string') {
    const text = value.trim();
    if (GOOD.test(text)) return true;
    if (BAD.test(text)) return false;
    const fraction = /^(-?\d+(?:[.,]\d+)?)\s*(?:\/\s*(\d+))?$/.exec(text);
    if (fraction === null) return undefined;
    const number = Number((fraction[1] as string).replace(',', '.'));
    return fraction[2] === undefined ? number : number / Number(fraction[2]);
  }
  return isJsonObject(value) ? findRating(value, renamed(value)) : undefined;
}

/** `{ feedback: { value: 1 } }` and the like. */
function renamed(value: JsonObject): JsonObject {
  return { rating: value.value ?? value.type ?? null };
}

/** The scale that fits all ratings up to this largest one. */
export function scaleOf(largest: number): RatingScale {
  if (largest <= 1) return 'unit';
  if (largest <= 5) return 'stars';
  return largest <= 10 ? 'ten' : 'percent';
}

/** @returns 0..1: thumbs and -1/1 become 0 and 1, stars 1..5 become 0, .25, .5, .75, 1. */
export function normaliseRating(raw: number | boolean, scale: RatingScale): number {
  if (typeof raw === 'boolean') return raw ? 1 : 0;
  const value = { unit: raw, stars: (raw - 1) / 4, ten: raw / 10, percent: raw / 100 }[scale];
  return Math.min(1, Math.max(0, value));
}

export type Ratings = {
  /** The rating of one run: its own places first, then what the session says of this run, then of all. */
  find(
    runId: string,
    ofRun: readonly (Json | undefined)[],
    ofSession: readonly (Json | undefined)[],
  ): number | boolean | undefined;
  normalise(raw: number | boolean): number;
};

/** @param all Reads every rating of the history; called once, when the first number must be understood. */
export function createRatings(all: () => Iterable<number | boolean | undefined>): Ratings {
  let scale: RatingScale | undefined;
  return {
    find: (runId, ofRun, ofSession) =>
      findRatingOfRun(runId, ...ofRun, ...ofSession) ?? findRating(...ofRun) ?? findRating(...ofSession),
    normalise(raw) {
      if (typeof raw === 'boolean') return raw ? 1 : 0;
      if (scale === undefined) {
        let largest = raw;
        for (const rating of all()) if (typeof rating === 'number' && rating > largest) largest = rating;
        scale = scaleOf(largest);
      }
      return normaliseRating(raw, scale);
    },
  };
}
