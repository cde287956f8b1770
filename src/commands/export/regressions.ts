import { ApoError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { FailureGroup } from '../../exporters/pipeline/failure-groups.ts';
import { mineRegressions } from '../../exporters/pipeline/regressions.ts';
import { createTally } from '../../exporters/pipeline/report.ts';
import { createRowWriter } from '../../exporters/pipeline/rows.ts';
import { terminalSafe } from '../../platform/text.ts';
import { printJson } from '../ui/output.ts';
import { type ExportFlags, selectOptions } from './options.ts';
import { createHashId, tasksById, withSource } from './source.ts';
import { openTasks } from './tasks.ts';

/** Scores up to this are failures, unless `--max-score` says otherwise. */
const FAILED_SCORE = 0.5;

/** `apo export regressions` */
export async function exportRegressions(flags: ExportFlags): Promise<void> {
  const { maxScore = FAILED_SCORE } = selectOptions(flags);
  const redaction = flags.redact;
  const tally = createTally();
  const file = flags.run === undefined ? undefined : await openTasks(flags);
  const tasks = await tasksById(file).finally(() => file?.close());
  const mined = await withSource(flags, (source) =>
    mineRegressions(source, { maxScore, redaction, hash: createHashId(flags), tasks }, tally),
  );
  const { records, leftOut } = tally.counts();
  if (mined.tasks.length === 0) {
    throw new ApoError('not-found', `no failed rollout among ${records} records`, {
      hint:
        flags.run === undefined && (flags.dataset ?? flags.history) !== undefined
          ? 'these are the recorded answers themselves: add --run latest for the rollouts of a run on these tasks'
          : `scores up to ${maxScore} count as failed: raise it with --max-score`,
    });
  }
  const writer = createRowWriter('jsonl', flags.out);
  try {
    for (const task of mined.tasks) writer.write(task as unknown as JsonObject);
    writer.commit();
  } finally {
    writer.discard();
  }
  const groups = mined.groups.map(describe);
  const withoutExpected = mined.tasks.filter(({ expected }) => expected === null).length;
  if (flags.json === true) {
    printJson({
      verb: 'regressions',
      redaction,
      files: { out: flags.out },
      records,
      tasks: mined.tasks.length,
      withoutExpected,
      leftOut,
      groups,
    });
    return;
  }
  const lines = [
    `wrote ${mined.tasks.length} failed tasks of ${records} records to ${flags.out}`,
    ...groups.map(
      ({ name, size, meanScore, example }) => `${size}  ${name}  (mean score ${meanScore.toFixed(2)})  ${example}`,
    ),
    ...(withoutExpected === 0
      ? []
      : [
          `warning: ${withoutExpected} of them without an expected answer, which runs do not keep: add --run latest and --dataset or --history with the tasks that the run was trained on`,
        ]),
  ];
  process.stderr.write(`${lines.map(terminalSafe).join('\n')}\n`);
}

function describe({ name, terms, members }: FailureGroup) {
  return {
    name,
    size: members.length,
    terms,
    meanScore: members.reduce((sum, { score }) => sum + score, 0) / members.length,
    tasks: members.map(({ id }) => id),
    example: (members[0]?.text ?? '').replaceAll('\n', ' ').slice(0, 120),
  };
}
