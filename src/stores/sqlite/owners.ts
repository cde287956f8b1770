import { hostname } from 'node:os';
import { ApoError } from '../../core/errors.ts';
import { isAlive, processStart } from '../../platform/process.ts';
import type { Owner } from '../store.ts';
import type { Connection } from './connection.ts';

/**
 * Takes a run over unless a live process has it. A process of this host is asked; of another host nothing can be known,
 * so its claim stands until it is released. To be called inside a write transaction.
 * @throws ApoError `store-locked` naming the holder
 */
export function claimRun(connection: Connection, id: string, owner: Owner): void {
  const holder = connection.get('select pid, host, process_start from owners where run_id = ?', id);
  if (holder !== undefined) {
    const pid = Number(holder.pid);
    const host = String(holder.host);
    const same = pid === owner.pid && host === owner.host;
    if (!same && mayBeAlive(pid, host, String(holder.process_start))) {
      throw new ApoError('store-locked', `run ${id} is being trained by process ${pid} on ${host}`, {
        hint:
          host === hostname()
            ? 'wait until it ends, or stop it'
            : `wait until it ends; if that machine is gone: apo runs unlock ${id}`,
        retryable: true,
      });
    }
  }
  connection.run(
    'insert or replace into owners (run_id, pid, host, process_start) values (?, ?, ?, ?)',
    id,
    owner.pid,
    owner.host,
    owner.host === hostname() ? processStart(owner.pid) : '',
  );
}

function mayBeAlive(pid: number, host: string, start: string): boolean {
  if (host !== hostname()) return true;
  return isAlive(pid) && (start === '' || processStart(pid) === start);
}

export function ownerOf(connection: Connection, id: string): Owner | undefined {
  const row = connection.get('select pid, host from owners where run_id = ?', id);
  return row === undefined ? undefined : { pid: Number(row.pid), host: String(row.host) };
}
