import type { Json } from '../../../core/json.ts';
import type { DecodeLimits } from './limits.ts';
import { shorten } from './shorten.ts';

/** Counts of what was left out of one request. */
export type Losses = { truncatedValues: number; droppedAttributes: number; droppedEvents: number };

/** Own keys of these names could reach a prototype in a careless reader further down; they are dropped. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** What is left of one value's size limit while it is read. */
export type Budget = { left: number; cut: boolean };

/**
 * Collects flat attributes within the limits: the first `maxAttributes` are kept, the others are counted. Dotted keys stay
 * text; nothing is ever built from them.
 */
export class AttributeCollector {
  readonly values: { [key: string]: Json } = {};
  dropped = 0;
  truncated = 0;
  #count = 0;
  readonly #limits: DecodeLimits;

  constructor(limits: DecodeLimits) {
    this.#limits = limits;
  }

  /** Whether the value is worth reading; counts it as dropped when not. */
  accepts(key: string): boolean {
    if (this.#count < this.#limits.maxAttributes && !FORBIDDEN_KEYS.has(key)) return true;
    this.dropped++;
    return false;
  }

  budget(): Budget {
    return { left: this.#limits.maxValueBytes, cut: false };
  }

  set(key: string, value: Json, budget: Budget): void {
    if (budget.cut) this.truncated++;
    if (!Object.hasOwn(this.values, key)) this.#count++;
    this.values[key] = value;
  }

  /** A text of any length; too long ones are shortened so that JSON in it stays JSON. */
  setText(key: string, text: string, budget: Budget): void {
    const short = shorten(text, budget.left);
    budget.cut = short !== text;
    this.set(key, short, budget);
  }

  /** Adds what was left out to the request's counts, and marks it on the span itself. */
  finish(losses: Losses, droppedBySender = 0): { [key: string]: Json } {
    losses.droppedAttributes += this.dropped;
    losses.truncatedValues += this.truncated;
    if (this.dropped + droppedBySender > 0) {
      this.values['otel.dropped_attributes_count'] = this.dropped + droppedBySender;
    }
    if (this.truncated > 0) this.values['apo.truncated_values'] = this.truncated;
    return this.values;
  }
}

export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key);
}

/** Takes a text's size from the budget and cuts what does not fit. */
export function charge(text: string, budget: Budget): string {
  if (text.length <= budget.left) {
    budget.left -= text.length;
    return text;
  }
  const kept = text.slice(0, Math.max(0, budget.left));
  budget.left = 0;
  budget.cut = true;
  return wellFormed(kept);
}

/** JSON has no NaN and no infinities; they are kept as text. */
export function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** Half a surrogate pair has no UTF-8 form: it would change on its way through the store. */
export function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;
}
