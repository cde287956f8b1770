import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Agent, AgentResult } from '../../src/agents/agent.ts';
import createCommandAgent, { options } from '../../src/agents/command.ts';
import { createPrompt } from '../../src/core/prompt.ts';
import { testAgent } from '../contracts/agent.ts';
import { agentContext, pluginContext, taskOf } from '../helpers/contexts.ts';
import { temporaryFolder } from '../helpers/folder.ts';

const prompt = createPrompt('Be brief.');
const folder = temporaryFolder();
const READ = `let body = ''; for await (const chunk of process.stdin) body += chunk; const request = JSON.parse(body);`;
let files = 0;

/** An agent that is a program of this source, run by this Node. */
function program(source: string, given: { readonly [name: string]: unknown } = {}): Agent {
  const name = `program-${files++}.mjs`;
  writeFileSync(join(folder, name), source);
  const command = [process.execPath, name];
  return createCommandAgent(
    options.parse({ command, ...given }),
    pluginContext(folder, { PATH: '/usr/bin:/bin', SECRET: 'canary', MODE: 'x' }),
  );
}

function resultOf(agent: Agent): Promise<AgentResult> {
  return agent.run(prompt, taskOf(), agentContext());
}

/** A killed orphan stays a zombie where nobody reaps it, as under the first process of many containers. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !(existsSync('/proc/self/stat') && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  } catch {
    return false;
  }
}

writeFileSync(join(folder, 'contract.mjs'), `${READ} console.log(JSON.stringify({ answer: '42' }));`);
testAgent('command', async () =>
  createCommandAgent(options.parse({ command: [process.execPath, 'contract.mjs'] }), pluginContext(folder)),
);

describe('command agent (S13)', () => {
  it('writes the request to stdin and reads the answer from stdout, in the folder of the config', async () => {
    const result = await resultOf(
      program(`import { basename } from 'node:path'; ${READ}
        console.error('not part of it');
        console.log(request.prompt, request.task.input, basename(process.cwd()) === ${JSON.stringify(folder.split('/').at(-1))});`),
    );
    expect(result).toEqual({ status: 'ok', answer: 'Be brief. What is six times seven? true', failure: null });
  });

  it('passes on no variables but the listed ones', async () => {
    const source = 'console.log(Object.keys(process.env).filter((name) => !name.startsWith("__")).sort().join());';
    expect((await resultOf(program(source))).answer).toBe('PATH');
    expect((await resultOf(program(source, { environment: ['MODE', 'ABSENT'] }))).answer).toBe('MODE,PATH');
  });

  it('is not run by a shell', async () => {
    const source = 'console.log(process.argv.slice(2).join("|"));';
    writeFileSync(join(folder, 'arguments.mjs'), source);
    const agent = createCommandAgent(
      options.parse({ command: `${process.execPath} arguments.mjs $(touch pwned) ; *` }),
      pluginContext(folder),
    );
    expect((await resultOf(agent)).answer).toBe('$(touch|pwned)|;|*');
  });

  it.each([
    ['console.error("no luck"); process.exit(3);', 'the command exited with 3: no luck'],
    ['process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);', /^the command was killed/],
    ['', 'the answer is empty'],
  ])('fails by its own doing with %j', async (source, message) => {
    const { status, failure } = await resultOf(program(source));
    expect(status).toBe('failed');
    expect(failure?.kind).toBe('agent');
    expect(failure?.message).toMatch(message);
  });

  it('does not mind a program that never reads its input', async () => {
    const task = taskOf({ input: 'x'.repeat(4_000_000) });
    const agent = program('process.stdin.destroy(); console.log("done");');
    expect(await agent.run(prompt, task, agentContext())).toMatchObject({ status: 'ok', answer: 'done' });
  });

  it('is killed when it writes without end', async () => {
    const { failure } = await resultOf(
      program(
        'const block = "x".repeat(65536); for (;;) if (!process.stdout.write(block)) await new Promise((r) => process.stdout.once("drain", r));',
      ),
    );
    expect(failure?.message).toBe('the command wrote more than 8388608 bytes');
  });

  it('is killed at the deadline with its children, though they ignore SIGTERM', async () => {
    const controller = new AbortController();
    const reason = new Error('deadline');
    const agent = program(`
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => {});
      const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      writeFileSync('pids.json', JSON.stringify([process.pid, child.pid]));
      process.kill(${process.pid}, 'SIGUSR2');
      setInterval(() => {}, 1000);
    `);
    process.once('SIGUSR2', () => controller.abort(reason));
    await expect(agent.run(prompt, taskOf(), agentContext([], controller.signal))).rejects.toBe(reason);
    const pids: number[] = JSON.parse(readFileSync(join(folder, 'pids.json'), 'utf8'));
    expect(pids).toHaveLength(2);
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
  });

  it('leaves no orphan when it ends before its children', async () => {
    const agent = program(`
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      child.unref();
      console.log(child.pid);
    `);
    const { answer } = await resultOf(agent);
    expect(Number(answer)).toBeGreaterThan(0);
    await expect.poll(() => isAlive(Number(answer))).toBe(false);
  });

  it('stops the run when the program does not exist', async () => {
    const agent = createCommandAgent(options.parse({ command: ['./no-such-program'] }), pluginContext(folder));
    await expect(resultOf(agent)).rejects.toMatchObject({ code: 'config-invalid' });
  });

  it.each([[[]], [''], [['', 'x']]])('refuses the command %j', (command) => {
    expect(options.safeParse({ command }).success).toBe(false);
  });
});
