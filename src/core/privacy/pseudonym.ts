import { createHmac } from 'node:crypto';

/**
 * Stands for a user or session without naming it: the first 16 hex digits of HMAC-SHA-256 under the project's own key.
 * A plain hash of an address or phone number can be looked up in a list of all of them; this cannot without the key.
 * The same id gives the same pseudonym as long as the key lives; destroying the key makes it anonymous.
 */
export function pseudonymOf(id: string, key: string): string {
  return createHmac('sha256', key).update(id).digest('hex').slice(0, 16);
}
