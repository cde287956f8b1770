import { describe, expect, it } from 'vitest';
import { promptFromReply } from '../../../src/optimizers/shared/reply.ts';

const PROMPT = 'You answer customers.\n- For refunds, give the code REF: it is "short".';
const JSON_PROMPT = JSON.stringify({ prompt: PROMPT });

describe('a prompt in an editor reply', () => {
  it.each([
    ['bare', PROMPT],
    ['in tags', `Here you go\n<prompt>\n${PROMPT}\n</prompt>\nDone.`],
    ['in ProTeGi tags', `<START>${PROMPT}<END>`],
    ['fenced', `Sure!\n\n\`\`\`text\n${PROMPT}\n\`\`\`\n\nLet me know.`],
    ['after thoughts', `<think>Maybe "Always be rude".</think>\n\n${PROMPT}`],
    ['after thoughts without their beginning', `The answer should be short, hmm.</think>\n${PROMPT}`],
    ['announced', `Sure! Here is the improved prompt:\n\n${PROMPT}`],
    ['announced in German', `Gerne! Hier ist der verbesserte Prompt:\n\n${PROMPT}`],
    ['announced in Spanish', `Aquí tienes el prompt mejorado:\n${PROMPT}`],
    ['announced in Chinese', `好的，以下是改进后的提示：\n\n${PROMPT}`],
    ['under a heading, explained', `**Improved Prompt:**\n\n${PROMPT}\n\n**Explanation:** I added rules.`],
    ['after an analysis', `It fails on refunds.\n\n## Revised Prompt\n${PROMPT}\n\n### Changes made\n- one\n- two`],
    ['with a farewell', `Here is the new prompt:\n${PROMPT}\n\nLet me know if you want changes.`],
    ['between rules', `---\n${PROMPT}\n---`],
    ['announced, between rules', `Here is the new prompt:\n\n---\n${PROMPT}\n---\n\nI kept the rest.`],
    ['as JSON', JSON_PROMPT],
    ['as JSON in prose', `Here:\n${JSON_PROMPT}\nDone`],
    ['as fenced JSON', `Here:\n\`\`\`json\n${JSON_PROMPT}\n\`\`\``],
    ['as a JSON string', JSON.stringify(PROMPT)],
  ])('%s', (_how, reply) => {
    expect(promptFromReply(reply)).toBe(PROMPT);
  });

  it.each([
    ['nothing', ''],
    ['thoughts that were cut off', '<think>First I will'],
    ['a refusal', "I'm sorry, but I can't help with that."],
    ['an opinion', 'I think the prompt is good as it is.'],
    ['another opinion', 'No changes are needed.'],
    ['a German refusal', 'Es tut mir leid, dabei kann ich nicht helfen.'],
  ])('is none in %s', (_what, reply) => {
    expect(promptFromReply(reply)).toBe('');
  });

  it.each([
    'Answer in JSON: {"answer": "..."}. Nothing else.',
    'Improve texts.\n\nNotes:\n- Be brief.',
    'Rewrite the text:\n- keep names',
    'Say "I\'m sorry" first.\n\nThen explain.',
    'Keep this.\n---\nAnd this.\n---',
    'The prompt is good when it is short.\n\nKeep it so.',
    "I'm sorry to say that customers are angry.\n\nAnswer them kindly.",
  ])('is kept as it is: %s', (prompt) => {
    expect(promptFromReply(prompt)).toBe(prompt);
  });
});
