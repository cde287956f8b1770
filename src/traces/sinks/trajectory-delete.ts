import { existsSync, readdirSync, rmSync } from 'node:fs';
import { readTrajectory, trajectoryFiles } from '../trajectory.ts';

/**
 * Removes the files of a trajectory sink that hold these traces, or any trace of a session.
 * @returns how many traces are gone
 */
export async function deleteTrajectories(
  folder: string,
  target: { readonly traceIds: ReadonlySet<string>; readonly sessionId?: string },
): Promise<number> {
  if (!existsSync(folder)) return 0;
  let deleted = 0;
  for (const name of readdirSync(folder)) {
    const traceId = /^([0-9a-f]{32})\.jsonl$/.exec(name)?.[1];
    if (traceId === undefined) continue;
    const { file, summaryFile } = trajectoryFiles(folder, traceId);
    if (!target.traceIds.has(traceId) && !(await isOfSession(file, target.sessionId))) continue;
    rmSync(file, { force: true });
    rmSync(summaryFile, { force: true });
    deleted++;
  }
  return deleted;
}

/** The first event of a trace's file names its session. */
async function isOfSession(file: string, sessionId: string | undefined): Promise<boolean> {
  if (sessionId === undefined) return false;
  for await (const { payload } of readTrajectory(file)) return payload.session_id === sessionId;
  return false;
}
