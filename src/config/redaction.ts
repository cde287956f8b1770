import type { Json, JsonObject } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';
import { ellipsis, terminalSafe } from '../platform/text.ts';
import type { Environment } from './environment.ts';

/** What is sent to a server beside the request itself. */
export type SentSecrets = {
  readonly key: string | undefined;
  /** Headers, query parameters, members of the body that the config adds, ids of organisation and project. */
  readonly named: JsonObject;
};

/** Keeps what servers are sent, and what the environment holds, out of all that servers, tools and users' own code say (reliability.md S05). */
export type Redaction = {
  /** A text for people: without secrets and what looks like one, one safe line of at most 300 characters. */
  line(text: string): string;
  /** JSON as it may be journaled, graded and put into prompts: what is known to be secret is replaced, nothing else. */
  clean<T>(value: T): T;
};

const REDACTED = '[REDACTED]';
/** Shorter ones are words (`none`, `ollama`), not secrets, and may stand in any message. */
const SHORTEST_IN_LINE = 8;
/** Placeholder keys of local servers (`EMPTY`, `ollama`, `not-needed`) may stand in an honest answer. */
const SHORTEST_KEY = 12;
/** A value under a name that says nothing has to look random: a version, an address or a title stays in answers. */
const RANDOM = /^(?!https?:)(?=.*\d)(?=.*[a-z])\S{16,}$/i;
const SENSITIVE = /auth|cookie|passw|credential|secret|token|key|signature|^sig$/i;
/** Enough for any message; a body of 16 MiB is not searched. */
const MAX_TEXT = 65_536;

/** What all models of one set-up send: a gateway that serves several roles may tell one the key of another. */
const together = new WeakMap<object, SentSecrets[]>();

/** @param environment what the models of one set-up have in common; left out, only the secrets of this one are known. */
export function createRedaction(sent: SentSecrets, environment?: Environment): Redaction {
  const group = groupOf(environment);
  group.push(sent);
  return redactionOf(group);
}

/** For what is no reply of a model: knows what all models of the set-up send, also of those that are made later. */
export function redactionIn(environment: Environment): Redaction {
  return redactionOf(groupOf(environment));
}

function groupOf(environment: Environment | undefined): SentSecrets[] {
  if (environment === undefined) return [];
  const group = together.get(environment) ?? [{ key: undefined, named: { environment: environment.secrets() } }];
  together.set(environment, group);
  return group;
}

function redactionOf(group: readonly SentSecrets[]): Redaction {
  let known = 0;
  let shown: readonly string[] = [];
  let secret: readonly string[] = [];
  const update = (): void => {
    if (known === group.length) return;
    known = group.length;
    shown = variants(group.flatMap(shownSecrets));
    secret = variants(group.flatMap(certainSecrets));
  };
  const clean = (value: Json): Json => {
    if (typeof value === 'string') return without(secret, value);
    if (Array.isArray(value)) return value.map((item: Json) => clean(item));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, clean(inner)]));
  };
  return {
    line(text) {
      update();
      const guessed = without(shown, text.slice(0, MAX_TEXT))
        .replace(/\bBearer\s+[^\s"',;]+/gi, `Bearer ${REDACTED}`)
        .replace(/:\/\/[^\s/@]{1,200}@/g, `://${REDACTED}@`)
        .replace(/\b(sk|pk|rk)-[A-Za-z0-9_*.-]{6,}/g, REDACTED);
      return ellipsis(terminalSafe(guessed.slice(0, 2000)), 300);
    },
    clean(value) {
      update();
      return secret.length === 0 ? value : (clean(value as Json) as typeof value);
    },
  };
}

function shownSecrets({ key, named }: SentSecrets): readonly string[] {
  const values = leavesOf(named, '').map(({ value }) => value);
  return [...values, ...(key === undefined ? [] : [key])].filter(({ length }) => length >= SHORTEST_IN_LINE);
}

function certainSecrets({ key, named }: SentSecrets): readonly string[] {
  const values = leavesOf(named, '').filter(({ name, value }) => isSecret(name, value));
  return [...values.map(({ value }) => value), ...(key !== undefined && key.length >= SHORTEST_KEY ? [key] : [])];
}

function isSecret(name: string, value: string): boolean {
  return SENSITIVE.test(name) ? value.length >= SHORTEST_IN_LINE : RANDOM.test(value);
}

/** As it is, in an address, inside of JSON and in base64; the longest first, in case that one contains another. */
function variants(secrets: readonly string[]): readonly string[] {
  const all = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    ...(secret.length < SHORTEST_KEY ? [] : [0, 1, 2].flatMap((offset) => encodings(secret, offset))),
  ]);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

/** What base64 makes of a secret `offset` bytes after a multiple of three, without the characters that its neighbours decide. */
function encodings(secret: string, offset: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  const [start, end] = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return [bytes.toString('base64').slice(start, end), bytes.toString('base64url').slice(start, end)];
}

function without(secrets: readonly string[], text: string): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
}

function leavesOf(value: Json, name: string): readonly { readonly name: string; readonly value: string }[] {
  if (typeof value === 'string') return [{ name, value }];
  if (Array.isArray(value)) return value.flatMap((item: Json) => leavesOf(item, name));
  return isJsonObject(value) ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, key)) : [];
}
