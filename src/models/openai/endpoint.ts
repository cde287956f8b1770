import { ApoError } from '../../core/errors.ts';

/** The one server that cannot be used without a key. */
export const OPENAI_HOST = 'api.openai.com';

export type Endpoint = {
  readonly url: string;
  readonly host: string;
  readonly query: { readonly [name: string]: string };
};

/** @throws ApoError `config-invalid`; its message never holds the address, which may contain credentials. */
export function readEndpoint(text: string): Endpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ApoError('config-invalid', 'the base URL of the model provider is no http(s) address', {
      hint: 'set baseUrl or OPENAI_BASE_URL to something like http://localhost:8000/v1',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new ApoError('config-invalid', `the base URL of the model provider at ${url.host} contains credentials`, {
      hint: 'put the key into the environment variable that apiKeyEnv names',
    });
  }
  return {
    url: `${url.origin}${url.pathname.replace(/\/+$/, '')}`,
    host: url.host,
    query: Object.fromEntries(url.searchParams),
  };
}

/** @throws ApoError `config-invalid` when OpenAI itself is asked without a key, or the key cannot be a header. */
export function readKey(variable: string, host: string, value: string | undefined): string | undefined {
  const key = value?.trim() || undefined;
  if (key === undefined && host === OPENAI_HOST) {
    throw new ApoError('config-invalid', `no API key for ${host}: ${variable} is not set`, {
      hint: `set ${variable} in the environment or in .env, or OPENAI_BASE_URL to a server that needs no key`,
    });
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new ApoError('config-invalid', `the API key in ${variable} contains characters that no key has`, {
      hint: `copy the key again into ${variable}, without spaces, quotes or line breaks`,
    });
  }
  return key;
}
