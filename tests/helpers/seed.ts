import { configureGlobal } from 'fast-check';

/** One seed for all properties: a clean clone fails or passes as ours does. `FAST_CHECK_SEED=$RANDOM npm test` looks further. */
configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1) });
