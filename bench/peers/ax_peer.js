// AxGEPA of @ax-llm/ax on simulated worlds over HTTP. One job as a line of JSON, as in gepa_peer.py; the settings are
// the arguments of its constructor.
//
// A simulated model is no language model: it tells critic and editor apart by what a request says of itself, and finds the
// prompt by its label. AxGEPA's two requests name neither ("Feedback Summary", "Current Value"), so a line that says
// which it is and a pair of tags around the value are put into them on the way; the texts are otherwise its own.
import { createInterface } from 'node:readline';
import { AxGEPA, ai } from '@ax-llm/ax';

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)))}\n`);
}

async function run({ url, start, train, val, budget, seed, settings }) {
  const optimizer = new AxGEPA({
    studentAI: model(url, 'sim-agent'),
    teacherAI: model(url, 'sim-editor'),
    // 0 stands for its default there.
    seed: seed + 1,
    ...settings,
  });
  const examples = (tasks) => tasks.map(({ input, expected }) => ({ input, answer: expected }));
  const metric = ({ prediction, example }) => Number(prediction.answer.trim() === example.answer.trim());
  const { bestScore, optimizedProgram } = await optimizer.compile(agent(url, start), examples(train), metric, {
    validationExamples: examples(val),
    maxMetricCalls: budget,
    feedbackFn: ({ prediction, example }) =>
      metric({ prediction, example }) === 1
        ? 'The generated response is correct.'
        : `The generated response is incorrect. The correct answer is '${example.answer}'.`,
  });
  return { prompt: optimizedProgram.componentMap.system_prompt, reported: bestScore };
}

function model(url, name) {
  return ai({
    name: 'openai',
    apiKey: 'none',
    apiURL: url,
    config: { model: name, stream: false },
    options: { fetch: (address, init) => fetch(address, { ...init, body: explained(init.body) }) },
  });
}

/** The same agent as everybody else's: the prompt as system message, the task as user message. */
function agent(url, start) {
  let prompt = start;
  return {
    getId: () => 'assistant',
    getOptimizableComponents: () => [
      { key: 'system_prompt', kind: 'instruction', current: prompt, description: 'The system prompt of the assistant' },
    ],
    applyOptimizedComponents: ({ system_prompt }) => {
      prompt = system_prompt;
    },
    async forward(_model, { input }) {
      const messages = [
        { role: 'system', content: prompt },
        { role: 'user', content: input },
      ];
      const reply = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'sim-agent', messages }),
      });
      return { answer: (await reply.json()).choices[0].message.content };
    },
  };
}

function explained(body) {
  const request = JSON.parse(body);
  const [system, user] = request.messages;
  const editing = system.content.includes('`New Value`');
  system.content = `You are the ${editing ? 'editor' : 'critic'}.\n${system.content}`;
  if (editing) {
    user.content = user.content.replace(
      /^Current Value: ([\s\S]*?)\n\n(?=Feedback Summary: |Minibatch: )/m,
      (_all, value) => `Current Value:\n<current_prompt>\n${value}\n</current_prompt>\n\n`,
    );
  }
  return JSON.stringify(request);
}
