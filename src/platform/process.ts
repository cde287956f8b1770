import { readFileSync } from 'node:fs';

/** Whether a process of this host runs; one of another user counts, a dead one that its parent has not reaped does not. */
export function isAlive(pid: number): boolean {
  const state = statOf(pid)?.[0];
  if (state === 'Z' || state === 'X') return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Tells a process from a later one with the same pid: boot id and start time in clock ticks, on Linux; '' where the
 * system does not say, or when there is no such process.
 */
export function processStart(pid: number): string {
  const start = statOf(pid)?.[19];
  if (start === undefined) return '';
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${start}`;
  } catch {
    return '';
  }
}

/** Fields of /proc/PID/stat from the third on, the state (proc(5)); undefined where there is no such file. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command's name, may hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
