// A chat agent that answers with the best trained prompt. Before each conversation it loads the prompt again, so a new
// training run or a moved `production` label takes effect without a restart.
//
//   npx apo simulate --port 8080 &
//   OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none node examples/agent-loop.js
//
// APO_RESULTS names the results folder (default ./results), AGENT_MODEL the model.
import { createInterface } from 'node:readline/promises';
import { loadBestPrompt } from 'apo';
import OpenAI from 'openai';

const client = new OpenAI();
const model = process.env.AGENT_MODEL ?? 'simulated';

/** Values for the prompt's {{placeholders}}: an agent knows them, here the environment does. */
function valuesOf(variables) {
  return Object.fromEntries(variables.map((name) => [name, process.env[name.toUpperCase()] ?? '']));
}

function startConversation() {
  const prompt = loadBestPrompt();
  console.error(`prompt ${prompt.promptId} (v${prompt.version}, score ${prompt.score ?? 'unknown'})`);
  return [{ role: 'system', content: prompt.render(valuesOf(prompt.variables)) }];
}

async function answer(messages) {
  const completion = await client.chat.completions.create({ model, messages });
  return completion.choices[0]?.message.content ?? '';
}

const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: 'you: ' });
try {
  let messages = startConversation();
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() === '/new') {
      messages = startConversation();
    } else if (line.trim() !== '') {
      messages.push({ role: 'user', content: line });
      const reply = await answer(messages);
      messages.push({ role: 'assistant', content: reply });
      console.log(reply);
    }
    lines.prompt();
  }
} catch (error) {
  console.error(`error: ${error.message}${error.hint === undefined ? '' : ` - ${error.hint}`}`);
  process.exitCode = 1;
} finally {
  lines.close();
}
