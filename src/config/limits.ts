/** More rollouts at a time than any provider takes; each has its own connection. */
export const MAX_CONCURRENCY = 1024;
