import { z } from 'zod';
import type { PluginContext } from '../config/plugin.ts';
import type { Agent } from './agent.ts';
import { runProcess } from './command/process.ts';
import { checkNotEmpty } from './shared/check.ts';
import { type AgentReply, MAX_REPLY_BYTES, requestOf, resultOf } from './shared/exchange.ts';

/** What programs need to run at all; no keys. */
const PASSED_VARIABLES = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SYSTEMROOT',
  'PATHEXT',
] as const;

export const options = z.strictObject({
  /** Program and arguments. A text is split at white space; there is no shell and no quoting. */
  command: z
    .union([z.array(z.string()), z.string().transform((text) => text.split(/\s+/).filter((part) => part !== ''))])
    .refine((parts) => parts.length > 0 && parts[0] !== '', 'must name a program')
    .transform((parts) => parts as [string, ...string[]]),
  /** Further environment variables to pass on, by name. */
  environment: z.array(z.string()).default([]),
});

/**
 * An agent that is a program: it reads `{ prompt, components, task }` as JSON from stdin and writes its answer (text, or
 * `{ "answer" }`) to stdout. It runs in the config file's folder, without a shell, with a clean environment, and is
 * killed with its process group at the rollout's deadline. A non-zero exit is the agent's failure.
 */
export default function createCommandAgent(given: z.infer<typeof options>, context: PluginContext): Agent {
  const environment: { [name: string]: string } = {};
  for (const name of [...PASSED_VARIABLES, ...given.environment]) {
    const value = context.environment.get(name);
    if (value !== undefined) environment[name] = value;
  }
  return {
    identity: { agent: 'command', command: given.command },
    // Its tools are out of sight: critics can know of them from the prompt and from recordings only.
    toolNames: [],
    usesModel: false,
    validate: checkNotEmpty,
    async run(prompt, task, { effect }) {
      const request = requestOf(prompt, task);
      const reply = await effect('command', request, async (signal): Promise<AgentReply> => {
        const { exitCode, stdout, stderr, overflowed } = await runProcess({
          command: given.command,
          folder: context.folder,
          environment,
          input: JSON.stringify(request),
          maxOutputBytes: MAX_REPLY_BYTES,
          signal,
        });
        if (overflowed) return { failure: `the command wrote more than ${MAX_REPLY_BYTES} bytes` };
        if (exitCode === 0) return { text: stdout };
        const end = exitCode === null ? 'was killed' : `exited with ${exitCode}`;
        return { failure: `the command ${end}: ${stderr.trim() || 'no message on stderr'}` };
      });
      return resultOf(reply);
    },
  };
}
