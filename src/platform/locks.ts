import { readFileSync, statSync } from 'node:fs';

/**
 * Whether some process of this machine holds a lock on the file, which for a database means that it is open. Known on
 * Linux only (proc(5), /proc/locks); elsewhere false.
 */
export function isFileLocked(path: string): boolean {
  try {
    const { ino } = statSync(path);
    return readFileSync('/proc/locks', 'utf8')
      .split('\n')
      .some((line) => line.split(/\s+/).some((field) => field.endsWith(`:${ino}`) && field.split(':').length === 3));
  } catch {
    return false;
  }
}
