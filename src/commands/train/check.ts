import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import pc from 'picocolors';
import { loadEnvironment } from '../../config/environment.ts';
import { redactionIn } from '../../config/redaction.ts';
import { ApoError, isApoError, messageOf } from '../../core/errors.ts';
import type { ToolDefinition } from '../../core/message.ts';
import type { Grade } from '../../core/rollout.ts';
import { detectableGain } from '../../core/statistics.ts';
import { expectedTexts, type Task } from '../../core/task.ts';
import { GOLD_CALLS, NONSENSE } from '../../engine/gold.ts';
import { createPrices } from '../../engine/prices.ts';
import { retry } from '../../engine/retry.ts';
import { bestGrade } from '../../graders/shared/best.ts';
import { ModelError, ROLES, type Role } from '../../models/model.ts';
import { systemClock } from '../../platform/clock.ts';
import { counted, terminalSafe } from '../../platform/text.ts';
import { loadPlugin } from '../../plugins.ts';
import { formatSeconds } from '../ui/format.ts';
import { printJsonLine } from '../ui/output.ts';
import { prepareFolders } from './folders.ts';
import type { TrainFlags } from './options.ts';
import { isAsked } from './roles.ts';
import { judgeScoreGap, measureScoreGap, type ScoreGap } from './score-gap.ts';
import { configOf, type Setup, setUp, storePath } from './setup.ts';

type Check = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** One small call may take this long. */
const PING_TIMEOUT_MS = 30_000;

/**
 * Proves a set-up without training: every line is a check that was made, not a value that was read. Calls each model once
 * with a few tokens, writes nothing but an empty store.
 * @throws ApoError of the first failed check, so that the exit code says what is wrong
 */
export async function check(flags: TrainFlags): Promise<void> {
  const checks: Check[] = [];
  const { clean } = redactionIn(loadEnvironment());
  let failure: unknown;
  const attempt = async <T>(name: string, run: () => Promise<{ value: T; detail: string }>): Promise<T | undefined> => {
    try {
      const { value, detail } = await run();
      checks.push({ name, ok: true, detail });
      return value;
    } catch (error) {
      if (!isApoError(error)) throw error;
      failure ??= error;
      checks.push({
        name,
        ok: false,
        detail: clean(error.hint === undefined ? error.message : `${error.message} - ${error.hint}`),
      });
      return undefined;
    }
  };

  const setup = await attempt('set-up', async () => {
    const { config, folder, path } = configOf(flags);
    const value = await setUp(config, folder, systemClock.epoch());
    return {
      value,
      detail: `${path ?? 'no config file'}; agent, grader "${value.grader.name}", algorithm "${value.optimizer.name}", placeholders`,
    };
  });
  let plan: Plan | undefined;
  if (setup !== undefined) {
    checks.push({ name: 'tasks', ok: true, detail: describeTasks(setup) });
    const latencies: Partial<Record<Role, number>> = {};
    for (const role of ROLES) {
      if (!isAsked(role, setup)) continue;
      latencies[role] = await attempt(`${role} model`, () => ping(setup, role));
    }
    await attempt('grader', () => tryGrader(setup));
    if (flags.scoreGap === true) await attempt('score gap', () => tryPayloads(setup));
    await attempt('store', () => openStoreForWriting(setup));
    plan = planOf(setup, latencies);
  }
  print(checks, plan, setup, flags.json === true);
  if (failure !== undefined)
    throw new ApoError(isApoError(failure) ? failure.code : 'internal', 'the set-up is not ready', {
      hint: 'see the failed checks above',
      cause: failure,
    });
}

function describeTasks({ tasks }: Setup): string {
  const { train, val, test } = tasks.split;
  return `${train.length} train, ${val.length} validation, ${test.length} sealed test; ${val.length} validation tasks can show a gain of about ${detectableGain(val.length).toFixed(2)}`;
}

async function ping(setup: Setup, role: Role): Promise<{ value: number; detail: string }> {
  const { roles, simulated } = setup;
  const { model, name } = roles[role];
  const tools = role === 'agent' ? toolsOf(setup) : [];
  const startedAt = systemClock.now();
  try {
    const messages = [{ role: 'user', content: 'Reply with the word OK.' }] as const;
    await model.chat(
      { model: name, messages, maxOutputTokens: 256, ...(tools.length === 0 ? {} : { tools }) },
      { signal: AbortSignal.timeout(PING_TIMEOUT_MS) },
    );
  } catch (error) {
    throw describeFault(error, role, name, model.provider);
  }
  const milliseconds = systemClock.now() - startedAt;
  return {
    value: milliseconds,
    detail: `${name} at ${model.provider} answered in ${milliseconds.toFixed(0)} ms${offered(tools.length)}${simulated && model.simulated ? ' (simulated)' : ''}`,
  };
}

/** Those of the first task that has some: many servers take none, or take them only when told so at their start. */
function toolsOf({ agent, start, tasks }: Setup): readonly ToolDefinition[] {
  for (const task of tasks.split.train) {
    const tools = agent.toolsOf?.(start, task) ?? [];
    if (tools.length > 0) return tools;
  }
  return [];
}

function offered(tools: number): string {
  return tools === 0 ? '' : ` with ${counted(tools, 'tool')}`;
}

function describeFault(error: unknown, role: Role, name: string, provider: string): ApoError {
  if (isApoError(error)) return error;
  const kind = error instanceof ModelError ? error.kind : 'network';
  const code =
    kind === 'auth'
      ? 'provider-auth'
      : kind === 'quota'
        ? 'provider-quota'
        : kind === 'model-unknown'
          ? 'model-unknown'
          : kind === 'invalid'
            ? 'request-invalid'
            : 'provider-unavailable';
  const isLate = error instanceof DOMException && error.name === 'TimeoutError';
  const why = isLate ? `no reply within ${PING_TIMEOUT_MS / 1000} s` : messageOf(error);
  return new ApoError(code, `${role} model "${name}" at ${provider} does not answer: ${why}`, {
    hint:
      code === 'model-unknown'
        ? `check --${role}-model`
        : code === 'request-invalid'
          ? 'check the options of this model in the config, and whether the server takes what was sent'
          : 'check the key, OPENAI_BASE_URL and that the server is running',
    cause: error,
  });
}

/** A grader that cannot tell the expected answer from nonsense would train the prompt on noise. */
async function tryGrader(setup: Setup): Promise<{ value: undefined; detail: string }> {
  const { grader, tasks, roles } = setup;
  const task = tasks.split.train.find(({ expected }) => expected !== null) ?? (tasks.split.train[0] as Task);
  const grade = (answer: string): Promise<Grade> => gradeOnce(setup, task, answer);
  let good: Grade;
  let bad: Grade;
  try {
    good = bestGrade(await Promise.all(rightAnswers(task, grader.usesModel).map(grade)));
    bad = await grade(NONSENSE);
  } catch (error) {
    throw describeFault(error, 'grader', roles.grader.name, roles.grader.model.provider);
  }
  const show = (result: Grade): string =>
    result.status === 'scored' ? result.score.toFixed(2) : `unscored: ${result.reason}`;
  if (good.status === 'unscored' || bad.status === 'unscored' || (task.expected !== null && good.score <= bad.score)) {
    throw new ApoError(
      'plugin-invalid',
      `grader "${grader.name}" does not tell good from bad on task ${task.id}: expected answer ${show(good)}, nonsense ${show(bad)}`,
      {
        hint: 'check the grader and its options, or the expected answers of the dataset',
      },
    );
  }
  return { value: undefined, detail: `good answer ${show(good)}, bad answer ${show(bad)}` };
}

/** Where several answers are right, a grader may want any one of them or their list; a model takes the first. */
function rightAnswers(task: Task, usesModel: boolean): readonly string[] {
  if (task.expected === null) return [task.observed ?? 'I looked into your question and this is the answer.'];
  return usesModel ? [task.expected] : expectedTexts(task);
}

function gradeOnce({ grader, roles }: Setup, task: Task, answer: string): Promise<Grade> {
  const signal = AbortSignal.timeout(PING_TIMEOUT_MS);
  return grader.grade({ status: 'ok', answer, events: [] }, task, {
    signal,
    chat: (messages, options = {}) =>
      roles.grader.model.chat({ model: roles.grader.name, messages, ...options }, { signal }),
  });
}

async function tryPayloads(setup: Setup): Promise<{ value: undefined; detail: string }> {
  const { grader, tasks, roles, config } = setup;
  if (!grader.usesModel) return { value: undefined, detail: 'the grader asks no model, so nobody can talk to it' };
  const patient = (task: Task, answer: string): Promise<Grade> =>
    retry(() => gradeOnce(setup, task, answer), {
      deadlineMs: config.timeouts.callSeconds * 1000,
      clock: systemClock,
      random: Math.random,
      signal: new AbortController().signal,
    }).then(({ value }) => value);
  let gap: ScoreGap;
  try {
    gap = await measureScoreGap(tasks.split.train, patient, config.concurrency);
  } catch (error) {
    throw describeFault(error, 'grader', roles.grader.name, roles.grader.model.provider);
  }
  return { value: undefined, detail: judgeScoreGap(grader.name, gap) };
}

async function openStoreForWriting({ config, environment }: Setup): Promise<{ value: undefined; detail: string }> {
  const path = resolve(storePath(config));
  const existed = existsSync(path);
  prepareFolders(config);
  const store = await loadPlugin(
    'store',
    { use: 'sqlite', path, create: true },
    { folder: process.cwd(), environment },
  );
  await store.close();
  return { value: undefined, detail: `${path} ${existed ? 'opens' : 'was created'}` };
}

type Plan = {
  readonly rollouts: number;
  readonly calls: number;
  readonly costUsd: number | null;
  /** null where a model that is needed did not answer. */
  readonly seconds: number | null;
};

/** Tokens of a reply where nothing better is known; the forecast says that it is one. */
const TYPICAL_OUTPUT_TOKENS = 300;

function planOf(setup: Setup, latencies: Partial<Record<Role, number>>): Plan {
  const { forecast, roles, config, start, tasks } = setup;
  const prices = createPrices(config.prices);
  const task = tasks.split.train[0];
  const taskTokens = Math.ceil(
    ((task?.input.length ?? 0) + JSON.stringify(task?.context ?? []).length + JSON.stringify(start.components).length) /
      4,
  );
  const perRole: [Role, number, number][] = [
    ['agent', isAsked('agent', setup) ? forecast.rollouts : 0, taskTokens],
    ['grader', isAsked('grader', setup) ? forecast.rollouts + GOLD_CALLS : 0, taskTokens + TYPICAL_OUTPUT_TOKENS],
    ['critic', forecast.critiques, 4 * (taskTokens + TYPICAL_OUTPUT_TOKENS)],
    ['editor', forecast.edits, taskTokens + TYPICAL_OUTPUT_TOKENS],
  ];
  let cost: number | null = 0;
  let seconds: number | null = 0;
  for (const [role, calls, inputTokens] of perRole) {
    if (calls === 0) continue;
    const each = prices.reserve(roles[role].name, inputTokens, TYPICAL_OUTPUT_TOKENS, roles[role].model);
    cost = cost === null || each === null ? null : cost + calls * each;
    const latencyMs = latencies[role];
    seconds =
      seconds === null || latencyMs === undefined ? null : seconds + (calls * latencyMs) / 1000 / config.concurrency;
  }
  return {
    rollouts: forecast.rollouts,
    calls: perRole.reduce((sum, [, calls]) => sum + calls, 0),
    costUsd: cost === null ? null : cost / 1e6,
    seconds,
  };
}

function print(checks: readonly Check[], plan: Plan | undefined, setup: Setup | undefined, json: boolean): void {
  const ok = checks.every((check) => check.ok);
  if (json) {
    const warnings = setup?.tasks.warnings ?? [];
    printJsonLine({ ok, simulated: setup?.simulated ?? false, checks, plan: plan ?? null, warnings });
    return;
  }
  const lines = checks.map(
    ({ name, ok: passed, detail }) =>
      `${passed ? pc.green('ok  ') : pc.red('FAIL')} ${name.padEnd(13)} ${terminalSafe(detail)}`,
  );
  if (plan !== undefined) {
    const cost =
      plan.costUsd === null
        ? 'cost unknown (a price is missing; see prices: in the config)'
        : `about $${plan.costUsd.toFixed(2)}`;
    const duration =
      plan.seconds === null
        ? 'time unknown (a model did not answer)'
        : `about ${formatSeconds(plan.seconds)} at the latency measured here`;
    lines.push(
      `plan ${' '.repeat(13)} at most ${plan.rollouts} rollouts and ${plan.calls} calls (one agent call a rollout), ${cost}, ${duration}`,
    );
  }
  if (setup?.simulated === true)
    lines.push(pc.yellow('a simulated model takes part: the scores will say nothing about real models'));
  lines.push(...(setup?.tasks.warnings ?? []).map((warning) => pc.yellow(`warning: ${terminalSafe(warning)}`)));
  process.stdout.write(`${lines.join('\n')}\n`);
}
