// What all three roles know of texts: sentences, advice that harms, advice that does nothing.
export const sentences = (text) =>
  text
    .split(/\n+|(?<=[.!?])\s+(?=[A-ZÄÖÜ"*-])/)
    .map((s) => s.replace(/^\s*(?:[-*•]|\d+[.)]|#+)\s*/, '').trim())
    .filter(Boolean);
export const NEG = /^(do not|don't|never|avoid|stop|no longer)\b/i;
export const HARMS = [
  [
    /explain|reasoning|step by step|how you (arrived|got)|justify/i,
    0.35,
    (s) => `Let me explain how I got there. ${s}`,
    'Let me explain',
  ],
  [/ask .*(question|back)|clarif/i, 0.25, () => 'Could you clarify a few things first?', 'Could you clarify'],
  [/friendly|greet|polite|warm/i, 0.15, (s) => `Hello and thank you! ${s}`, 'Hello and thank you'],
];
export const DECOYS = [
  'Be careful and double-check each field.',
  'Keep the answer short.',
  'Read the note to the end before answering.',
  'Be friendly and polite to the customer.',
  'Explain briefly how you arrived at each value.',
  'Pay attention to the details of the case.',
  'If something is unclear, ask a question.',
  'Use professional language.',
  'Make sure that the record is complete.',
  'Check the spelling of every field.',
];
export const DECOYS_DE = [
  'Sorgfältiger arbeiten und jedes Feld prüfen.',
  'Die Antwort kurz halten.',
  'Auf die Einzelheiten des Falls achten.',
];
