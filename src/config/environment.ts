import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ApoError, faultInWords } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { readTextFile } from '../platform/text-file.ts';

/** The process environment, read once and passed on; nothing outside `config/` reads `process.env`. */
export type Environment = {
  get(name: string): string | undefined;
  /** The same for keys and tokens. */
  secret(name: string): Secret | undefined;
  /** Values of the variables that are keys or tokens by their name and look like one: for the redaction of texts only. */
  secrets(): readonly string[];
};

const SECRET_NAME = /(?:key|token|secret|passw(?:or)?d|credentials?)$/i;
/** A word, a path or a number is none. */
const SECRET_VALUE = /^(?![./~])(?=.*\d)(?=.*[a-z])\S{16,}$/i;

/** Variables of the process win over those of the `.env` file in the folder. Empty values count as unset. */
export function loadEnvironment(folder: string = process.cwd()): Environment {
  return createEnvironment(variablesIn(folder));
}

/**
 * Puts the variables whose names begin so from the `.env` file into the process environment, where the command line looks
 * for the values of its options; unset there, as everywhere, is what is empty.
 */
export function provideVariables(prefix: string, folder: string = process.cwd()): void {
  for (const [name, value] of Object.entries(variablesIn(folder))) {
    if (!name.startsWith(prefix)) continue;
    if (value) process.env[name] = value;
    else delete process.env[name];
  }
}

function variablesIn(folder: string): { readonly [name: string]: string | undefined } {
  const file = join(folder, '.env');
  return { ...(existsSync(file) ? readEnvFile(file) : {}), ...process.env };
}

function readEnvFile(path: string): { readonly [name: string]: string | undefined } {
  try {
    return parseEnv(readTextFile(path));
  } catch (cause) {
    throw new ApoError('config-invalid', `cannot read ${path}: ${faultInWords(cause)}`, {
      hint: 'correct the file; it holds NAME=value lines',
      cause,
    });
  }
}

export function createEnvironment(variables: { readonly [name: string]: string | undefined }): Environment {
  const get = (name: string): string | undefined => variables[name] || undefined;
  return {
    get,
    secret(name) {
      const value = get(name);
      return value === undefined ? undefined : new Secret(value);
    },
    secrets() {
      const named = Object.entries(variables).filter(([name]) => SECRET_NAME.test(name));
      return named.flatMap(([, value]) => (value !== undefined && SECRET_VALUE.test(value) ? [value] : []));
    },
  };
}
