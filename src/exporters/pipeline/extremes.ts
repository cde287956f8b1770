import { hashOf } from '../../core/json.ts';
import type { TrainingSample } from '../exporter.ts';
import { promptOf } from '../shared/render.ts';
import { createScratch } from './scratch.ts';

/** Best and worst scored answer to one question. */
export type Extremes = {
  readonly best: { readonly id: string; readonly score: number };
  readonly worst: { readonly id: string; readonly score: number };
};

export type ExtremesByQuestion = {
  add(sample: TrainingSample): void;
  get(question: string): Extremes | undefined;
  /** In the order in which the questions came first. */
  all(): Iterable<Extremes>;
  close(): void;
};

/**
 * Two samples answer the same question when they ran the same task, or, where tasks are not known, when they have the
 * same messages before the answer.
 */
export function questionOf(sample: TrainingSample): string {
  return sample.source === 'rollout' ? sample.taskId : hashOf(promptOf(sample)).slice(0, 24);
}

type Row = {
  readonly position: number;
  readonly best_id: string;
  readonly best: number;
  readonly worst_id: string;
  readonly worst: number;
};

/** Holds ids and scores only, and those on disk. */
export function createExtremes(): ExtremesByQuestion {
  const database = createScratch(`create table extremes (
    position integer primary key, question text not null unique, best_id text not null, best real not null,
    worst_id text not null, worst real not null)`);
  const insert = database.prepare(
    'insert into extremes (question, best_id, best, worst_id, worst) values (?, ?, ?, ?, ?)',
  );
  const find = database.prepare('select * from extremes where question = ?');
  const better = database.prepare('update extremes set best_id = ?, best = ? where position = ?');
  const worse = database.prepare('update extremes set worst_id = ?, worst = ? where position = ?');
  // Page by page: an open cursor would block the writing of whoever adds meanwhile.
  const page = database.prepare('select * from extremes where position > ? order by position limit 100');
  const lookUp = (question: string): Row | undefined => find.get(question) as Row | undefined;
  return {
    add({ id, score, ...sample }) {
      if (score === null) return;
      const question = questionOf({ id, score, ...sample });
      const known = lookUp(question);
      if (known === undefined) insert.run(question, id, score, id, score);
      // The first one stays at a tie: the order of a run's rollouts is fixed.
      else if (score > known.best) better.run(id, score, known.position);
      else if (score < known.worst) worse.run(id, score, known.position);
    },
    get(question) {
      const row = lookUp(question);
      return row === undefined ? undefined : extremesOf(row);
    },
    *all() {
      let position = 0;
      for (;;) {
        const rows = page.all(position) as Row[];
        for (const row of rows) yield extremesOf(row);
        const last = rows.at(-1);
        if (last === undefined) return;
        position = last.position;
      }
    },
    close: () => void database.close(),
  };
}

function extremesOf(row: Row): Extremes {
  return { best: { id: row.best_id, score: row.best }, worst: { id: row.worst_id, score: row.worst } };
}
