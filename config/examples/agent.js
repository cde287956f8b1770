// An agent of your own, in the config: `agent: { use: module, module: ./agent.js }`.
// `prompt` is the text under training; return the answer, or throw when there is none. This one asks any
// OpenAI-compatible server itself, so its calls are not metered by apo.

export default async function answer({ prompt, task, signal }) {
  const response = await fetch(`${process.env.OPENAI_BASE_URL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.OPENAI_API_KEY}` },
    body: JSON.stringify({
      model: 'my-model',
      messages: [{ role: 'system', content: prompt }, ...task.context, { role: 'user', content: task.input }],
    }),
    signal,
  });
  if (!response.ok) throw new Error(`the model server answered ${response.status}`);
  return (await response.json()).choices[0].message.content;
}
