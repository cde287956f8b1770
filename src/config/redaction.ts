import type { Json, JsonObject } from '../../core/json.ts';
import { isJsonObject } from '../../core/json.ts';
import { ellipsis, terminalSafe } from '../../platform/text.ts';
import type { ChatReply } from '../model.ts';

/** What is sent to a server beside the request itself. */
export type SentSecrets = {
  readonly key: string | undefined;
  /** Headers, query parameters, members of the body that the config adds, ids of organisation and project. */
  readonly named: JsonObject;
};

/** Keeps what a server was sent out of everything that it says (reliability.md S05). */
export type Redaction = {
  /** A text for people: without secrets and what looks like one, one safe line of at most 300 characters. */
  line(text: string): string;
  /** A reply as it may be journaled, graded and put into prompts: what is known to be secret is replaced, nothing else. */
  reply(reply: ChatReply): ChatReply;
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

/** @param owner what the models of one set-up have in common; left out, only the secrets of this one are known. */
export function createRedaction(sent: SentSecrets, owner: object = {}): Redaction {
  const group = together.get(owner) ?? [];
  together.set(owner, group);
  group.push(sent);
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
    reply(reply) {
      update();
      return secret.length === 0 ? reply : (clean(reply as unknown as Json) as unknown as ChatReply);
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

/** As it is, in an address, and inside of JSON; the longest first, in case that one contains another. */
function variants(secrets: readonly string[]): readonly string[] {
  const all = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function without(secrets: readonly string[], text: string): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
}

function leavesOf(value: Json, name: string): readonly { readonly name: string; readonly value: string }[] {
  if (typeof value === 'string') return [{ name, value }];
  if (Array.isArray(value)) return value.flatMap((item: Json) => leavesOf(item, name));
  return isJsonObject(value) ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, key)) : [];
}
