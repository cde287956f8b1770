import { createHash } from 'node:crypto';

/** Seeds to tune on: public, with as many looks as anyone likes. */
export const DEVELOPMENT_SEEDS = Array.from({ length: 30 }, (_, index) => `dev-${index + 1}`);

/** SHA-256 of the secret from which the evaluation seeds are derived; committed before anything was tuned. */
export const SECRET_HASH = '335b763e4792d4eb1d6a0b6e0bbc87573a0a10acebec05aac76cfef36a7a1be5';

/**
 * Seeds to report on. The secret is shown only when results are reported, and published with them.
 * @throws Error when the secret is not the committed one.
 */
export function evaluationSeeds(secret, count) {
  const hash = createHash('sha256').update(secret).digest('hex');
  if (hash !== SECRET_HASH) throw new Error('this is not the secret whose hash is committed in bench/worlds/seeds.js');
  return Array.from({ length: count }, (_, index) =>
    createHash('sha256').update(`${secret}:${index}`).digest('hex').slice(0, 16),
  );
}
