// Tools for the chat agent, in the config: `agent: { use: chat, tools: ./tools.js }`.
// What `execute` returns is shown to the model (as JSON unless it is a text); what it throws, as an error.

export default [
  {
    name: 'find_order',
    description: 'Looks up an order by its number.',
    parameters: { type: 'object', properties: { number: { type: 'integer' } }, required: ['number'] },
    async execute({ number }) {
      if (!Number.isInteger(number)) throw new Error('number must be an integer');
      return { number, status: 'shipped' };
    },
  },
];
