import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../helpers/fake-provider.ts';
import { temporaryFolder } from '../helpers/folder.ts';
import { runApo } from '../helpers/process.ts';
import { allBytes, startWorld, trainArguments, worldTasks } from '../helpers/trainee.ts';

/** Where users put secrets, and what servers repeat of them. */
const CANARIES = {
  key: 'sk-proj-canary01-0123456789abcdef',
  criticKey: 'sk-canary02-0123456789abcdef',
  organisation: 'org-canary03-cccccccc',
  project: 'proj_canary04_dddddddd',
  gateway: 'canary05/with+signs==eeee',
  cookie: 'session=canary06-ffffffff',
  subscription: 'canary07"gggg\\gggg',
  query: 'canary08-hhhhhhhh',
  extraBody: 'sk-canary09-iiiiiiiiiiii1234',
  unused: 'sk-ant-canary10-jjjjjjjjjjjj1234',
  database: 'postgres://me:canary11-kkkkkkkk@db/x',
  foreign: 'sk-canary12-llllllllllll1234',
} as const;
const ECHO = Object.values(CANARIES).join(' , ');
/** The recognisable middle, so that an escaped or cut secret is found too. */
const marks = [
  ...Object.values(CANARIES).map((value) => /canary\d\d/.exec(value)?.[0] as string),
  'canary98',
  'canary99',
];

function set(url: string) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tasks.jsonl'), worldTasks(16));
  writeFileSync(
    join(folder, '.env'),
    `CRITIC_KEY=${CANARIES.criticKey}\nANTHROPIC_API_KEY=${CANARIES.unused}\nDATABASE_URL=${CANARIES.database}\n`,
  );
  const model = {
    use: 'openai',
    model: 'gpt-4.1-mini',
    baseUrl: `${url}?api-key=${CANARIES.query}`,
    headers: { 'x-gateway': CANARIES.gateway, Cookie: CANARIES.cookie, 'Ocp-Key': CANARIES.subscription },
    extraBody: { user_token: CANARIES.extraBody },
  };
  writeFileSync(
    join(folder, 'apo.yaml'),
    JSON.stringify({
      models: { agent: model, grader: model, editor: model, critic: { ...model, apiKeyEnv: 'CRITIC_KEY' } },
    }),
  );
  const env = {
    OPENAI_API_KEY: CANARIES.key,
    OPENAI_ORG_ID: CANARIES.organisation,
    OPENAI_PROJECT_ID: CANARIES.project,
  };
  return { folder, env };
}

function expectNoSecret(...texts: readonly string[]): void {
  for (const text of texts) {
    const found = marks
      .filter((mark) => text.includes(mark))
      .map((mark) => text.slice(text.indexOf(mark) - 80, text.indexOf(mark) + 20));
    expect(found).toEqual([]);
  }
}

/** Every byte that a run leaves, without the files that the secrets came from. */
function left(folder: string): string {
  const results = join(folder, 'results');
  return existsSync(results) ? allBytes(results) : '';
}

const body = { error: { message: `The server says: ${ECHO}` } };
const error = (status: number, code?: string): Fault => ({ status, body: { error: { ...body.error, code } } });

/** What went to the server; the others it can only have from elsewhere. */
const { unused: _unused, database: _database, foreign: _foreign, ...SENT } = CANARIES;
const repeated = (number: number): Fault => ({
  status: 200,
  body: {
    id: SENT.key,
    model: SENT.key,
    choices: [
      {
        message: {
          role: 'assistant',
          content:
            number % 2 === 0
              ? `I was sent ${Object.values(SENT).join(' , ')}`
              : `{"accuracy": 1, "reasoning": 1, "score": 1, "reason": ${JSON.stringify(Object.values(SENT).join(' , '))}}`,
          reasoning_content: SENT.cookie,
        },
        finish_reason: number % 5 === 0 ? SENT.criticKey : 'stop',
      },
    ],
  },
});

describe('secrets', () => {
  it.each<[string, number, (number: number) => Fault | undefined]>([
    ['a run without faults', 0, () => undefined],
    ['errors that are tried again', 0, (number) => (number % 5 === 0 ? error(500) : undefined)],
    ['an error for one task', 0, (number) => (number === 7 ? error(400, 'context_length_exceeded') : undefined)],
    ['a refused key', 4, (number) => (number > 6 ? error(401) : undefined)],
    ['a rejected request', 2, (number) => (number > 6 ? error(422) : undefined)],
    ['an exhausted quota', 4, (number) => (number > 6 ? error(429, 'insufficient_quota') : undefined)],
    ['broken JSON', 1, (number) => (number > 4 ? { status: 200, body: `{"id": "${CANARIES.key}` } : undefined)],
    ['replies that repeat them', 0, (number) => (number > 3 ? repeated(number) : undefined)],
    [
      'a redirect',
      4,
      (number) =>
        number > 6
          ? { status: 302, headers: { location: `http://u:canary98@x/y?k=${CANARIES.key}&other=canary99-not-sent` } }
          : undefined,
    ],
  ])('S05 none of 12 planted ones is in any byte of a run with %s', async (_what, code, faults) => {
    await using world = await startWorld({ faults: ({ number }) => faults(number) });
    const { folder, env } = set(world.url);
    const ended = await runApo(
      trainArguments(['--max-rollouts', '16', '--json']).filter((flag) => flag !== '--quiet'),
      {
        cwd: folder,
        env,
      },
    );
    expect(ended.code, ended.stderr).toBe(code);
    // They did go where they belong.
    expect(JSON.stringify(world.requests)).toContain('canary05');
    expectNoSecret(ended.stdout, ended.stderr, left(folder));
    const shown = await runApo(['runs', 'show', JSON.parse(ended.stdout).runId, '--store', 'results/apo.db'], {
      cwd: folder,
    });
    expect(shown.stdout).toContain('[REDACTED]');
    expectNoSecret(shown.stdout);
  });

  it('S05 a resumed run takes them from the config file again, and says so when it is gone', async () => {
    let broken = true;
    await using world = await startWorld({ faults: ({ number }) => (broken && number > 6 ? error(401) : undefined) });
    const { folder, env } = set(world.url);
    const paused = await runApo(trainArguments(['--max-rollouts', '16', '--json', '--config', 'apo.yaml']), {
      cwd: folder,
      env,
    });
    expect(paused.code).toBe(4);
    broken = false;
    const before = world.requests.length;
    const elsewhere = { cwd: temporaryFolder(), env };
    const given = ['train', '--resume', '--json', '--quiet', '--results', join(folder, 'results')];
    const resumed = await runApo(given, { ...elsewhere, env: { ...env, CRITIC_KEY: CANARIES.criticKey } });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(world.requests[before]?.headers['x-gateway']).toBe(CANARIES.gateway);
    expectNoSecret(resumed.stdout, resumed.stderr, left(folder));

    writeFileSync(join(folder, 'apo.yaml'), '');
    const lost = await runApo(
      [...given.slice(0, 1), '--resume', JSON.parse(paused.stdout).runId, ...given.slice(2)],
      elsewhere,
    );
    expect(lost.code).toBe(2);
    expect(lost.stderr).toMatch(/is a secret, which is not stored with the run - resume with the --config/);
  });

  const spoken = JSON.stringify(`I hold ${CANARIES.key}, ${CANARIES.gateway} and ${CANARIES.unused}`);
  const tool = (body: string) =>
    `export default [{ name: 'look', parameters: { type: 'object', properties: {} }, execute() { ${body} } }];`;
  const command = `import { readFileSync } from 'node:fs'; readFileSync(0); console.log(${spoken}); console.error(${spoken});`;
  it.each<[string, number, object, { readonly [file: string]: string }]>([
    ['a result of a tool', 0, { tools: './own.js' }, { 'own.js': tool(`return ${spoken}`) }],
    ['an error of a tool', 0, { tools: './own.js' }, { 'own.js': tool(`throw new Error(${spoken})`) }],
    [
      'an answer of an own agent',
      0,
      { agent: { use: 'module', module: './own.js' } },
      { 'own.js': `export default () => ${spoken}` },
    ],
    [
      'the output of a command',
      0,
      { agent: { use: 'command', command: [process.execPath, 'own.js'] } },
      { 'own.js': command },
    ],
    [
      'the error of a command',
      1,
      { agent: { use: 'command', command: [process.execPath, 'own.js'] } },
      { 'own.js': `${command} process.exit(3)` },
    ],
    [
      'a reason of a grader',
      0,
      { grader: './own.js' },
      { 'own.js': `export default () => ({ score: 0.5, reason: ${spoken} })` },
    ],
    [
      'an error of a grader',
      1,
      { grader: './own.js' },
      { 'own.js': `let n = 0; export default () => { if (n++ < 6) return 0.5; throw new Error(${spoken}) }` },
    ],
    ['a module that does not load', 2, { tools: './own.js' }, { 'own.js': `throw new Error(${spoken})` }],
  ])('S05 %s that holds keys is cleaned before it is kept, shown or sent on', async (_what, code, config, files) => {
    await using world = await startWorld({
      faults: ({ body: request }) => (config !== undefined && 'tools' in config ? callOf(request) : undefined),
    });
    const { folder, env } = set(world.url);
    const file = join(folder, 'apo.yaml');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...config }));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const flags = trainArguments(['--max-rollouts', '16', '--json', '--config', 'apo.yaml']);
    const given = 'grader' in config ? withoutFlag(flags, '--grader') : flags;
    const ended = await runApo(given, { cwd: folder, env });
    expect(ended.code, ended.stderr).toBe(code);
    const checked = await runApo(['check', '--json', ...given.slice(1).filter((flag) => !/quiet|json/.test(flag))], {
      cwd: folder,
      env,
    });
    const sent = world.requests.map(({ body: request }) => JSON.stringify((request as { messages?: object }).messages));
    // Of what was sent under other names, no more than the keys of this run can be known before its models are loaded.
    const unknown = code === 2 ? 'canary05' : 'none';
    for (const text of [ended.stdout, ended.stderr, checked.stdout, checked.stderr, left(folder), ...sent])
      expectNoSecret(text.replaceAll(unknown, ''));
    if (code !== 2) expect(left(folder)).toContain('[REDACTED]');
  });
});

function callOf(request: unknown): Fault | undefined {
  const { tools, messages } = request as { tools?: unknown; messages?: readonly { role: string }[] };
  if (tools === undefined || messages?.at(-1)?.role === 'tool') return undefined;
  const call = { id: 'call-1', type: 'function', function: { name: 'look', arguments: '{}' } };
  const message = { role: 'assistant', content: null, tool_calls: [call] };
  return { status: 200, body: { id: '1', model: 'm', choices: [{ message, finish_reason: 'tool_calls' }] } };
}

function withoutFlag(flags: readonly string[], flag: string): readonly string[] {
  const at = flags.indexOf(flag);
  return at === -1 ? flags : [...flags.slice(0, at), ...flags.slice(at + 2)];
}
