import { ApoError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { secretDetector } from '../core/privacy/secrets.ts';

const REDACTED = '[REDACTED]';

/** Everything below such a key is secret, whatever it looks like. */
const SECRET_KEY =
  /^headers$|authorization|cookie|passw|credential|secret|(?:^|[-_])token$|(?:access|auth|bearer|api)[-_]?token|api[-_]?key$|private[-_]?key/i;
/** These name where a secret is; they hold none. */
const REFERENCE_KEY = /(?:env|variable|field|file|path)$/i;
/** `https://user:password@host` and `https://host/v1?api-key=...` */
const SECRET_ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@|[^?#]*\?)/i;
/** Users' own texts: what stands there goes to the model anyway. */
const TEXT_KEYS = new Set(['prompt', 'protected', 'rubric']);

/** A configuration as it may be stored and shown: header values, keys, tokens and addresses with credentials are removed. */
export function withoutSecrets(config: JsonObject): JsonObject {
  return redactObject(config, false);
}

function redact(value: Json, isSecret: boolean): Json {
  if (typeof value === 'string') return isSecret || looksSecret(value) ? REDACTED : value;
  if (Array.isArray(value)) return value.map((item: Json) => redact(item, isSecret));
  if (isJsonObject(value)) return redactObject(value, isSecret);
  return isSecret && value !== null ? REDACTED : value;
}

function redactObject(value: JsonObject, isSecret: boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (TEXT_KEYS.has(key) && !isSecret) return [key, inner];
      return [key, redact(inner, isSecret || (SECRET_KEY.test(key) && !REFERENCE_KEY.test(key)))];
    }),
  );
}

function looksSecret(text: string): boolean {
  return SECRET_ADDRESS.test(text) || [...secretDetector.detect(text)].length > 0;
}

/**
 * Puts the secrets of `source`, the configuration as it is now, where the stored one had them.
 * @throws ApoError `config-invalid` naming the first one that is not there
 */
export function withSecrets(stored: JsonObject, source: JsonObject): JsonObject {
  return restore(stored, source, '') as JsonObject;
}

function restore(stored: Json, source: Json | undefined, path: string): Json {
  if (stored === REDACTED) {
    if (source !== undefined && source !== REDACTED) return source;
    throw new ApoError('config-invalid', `${path} is a secret, which is not stored with the run`, {
      hint: 'resume with the --config that the run was started with',
    });
  }
  if (Array.isArray(stored)) {
    const items: readonly Json[] = Array.isArray(source) ? source : [];
    return stored.map((item: Json, index) => restore(item, items[index], `${path}[${index}]`));
  }
  if (!isJsonObject(stored)) return stored;
  const members = isJsonObject(source) ? source : {};
  return Object.fromEntries(
    Object.entries(stored).map(([key, value]) => [
      key,
      restore(value, Object.hasOwn(members, key) ? members[key] : undefined, path === '' ? key : `${path}.${key}`),
    ]),
  );
}
