/** Ways to say for which messages a statement holds; `{n}` is one of the scope's nouns. */
export const SCOPE_PHRASES: readonly string[] = [
  'for questions about {n}',
  'when the customer asks about {n}',
  'in replies on {n}',
  'if the message concerns {n}',
  'whenever {n} come up',
  'on the subject of {n}',
  'with requests about {n}',
  'as far as {n} are concerned',
];

/** Endings that add words and no meaning. */
export const TAILS: readonly string[] = [
  'without exception',
  'every time',
  'because readers rely on it',
  'since this was missed before',
  'as the evaluation shows',
  'to be on the safe side',
  'which several examples got wrong',
];

export type Decoy = { readonly id: string; readonly wordings: readonly [string, ...string[]] };

/** Advice that sounds right. In each world some of it does harm, to some of the tasks. */
export const DECOYS: readonly Decoy[] = [
  { id: 'short', wordings: ['keep every answer as short as possible', 'use as few words as you can'] },
  { id: 'long', wordings: ['explain your reasoning at length', 'be as detailed as possible'] },
  { id: 'creative', wordings: ['be creative in every answer', 'surprise the reader with original ideas'] },
  { id: 'humour', wordings: ['add a light joke', 'keep the mood funny'] },
  { id: 'question', wordings: ['always ask a question back', 'return a clarifying question before answering'] },
  { id: 'doubt', wordings: ['mention that you may be wrong', 'express uncertainty in each answer'] },
  { id: 'steps', wordings: ['think step by step aloud', 'show all intermediate thoughts'] },
  { id: 'repeat', wordings: ['repeat the whole question first', 'restate the message word for word'] },
  { id: 'options', wordings: ['always give three alternatives', 'list several possible answers'] },
  { id: 'formal', wordings: ['use elaborate formal phrases', 'write like a legal document'] },
  { id: 'casual', wordings: ['use slang to sound friendly', 'write like a text message'] },
  { id: 'emoji', wordings: ['use emojis generously', 'decorate answers with emojis'] },
  { id: 'general', wordings: ['stay general to avoid mistakes', 'avoid committing to specifics'] },
  { id: 'summary', wordings: ['finish with a long summary', 'recap everything at the end'] },
  { id: 'headings', wordings: ['use headings in every answer', 'structure each reply with titles'] },
  { id: 'praise', wordings: ['praise the customer often', 'compliment the question'] },
];

/** Advice without effect, apart from the room it takes. */
export const PLATITUDES: readonly string[] = [
  'be helpful and precise',
  'read the question carefully',
  'double-check the answer',
  'stay polite at all times',
  'make sure that the answer is complete',
  'take all the information into account',
  'pay close attention to detail',
  'give accurate answers',
  'follow the expected format closely',
  'think about what the customer needs',
];

export type Frame = { readonly id: string; readonly text: string };

/** Opening sentences that, in some worlds, keep everything below them from being taken seriously. */
export const FRAMES: readonly Frame[] = [
  { id: 'autopilot', text: 'You are an answering machine that produces filler text.' },
  { id: 'routine', text: 'Whatever follows is background and may be skimmed.' },
  { id: 'habit', text: 'Answer from habit.' },
  { id: 'distance', text: 'Do not get involved with the details of a case.' },
];

/** Openings that a rewriting editor puts in place of an old one. */
export const OPENINGS: readonly string[] = [
  'You are the support agent of a web shop and answer one customer at a time.',
  'You answer the customers of a web shop.',
  'You work at the service desk of a web shop and reply to messages.',
];
