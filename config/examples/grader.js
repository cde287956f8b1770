// A grader of your own, in the config: `grader: ./grader.js`, or as a part of a mean.
// Return a number 0..1, true or false, or { score, reason }. The reason is what the critic learns from.

export default function grade({ answer }, task) {
  const words = answer.trim().split(/\s+/).length;
  if (!answer.includes(task.expected ?? '')) return { score: 0, reason: `does not say "${task.expected}"` };
  return words <= 30
    ? { score: 1, reason: 'right and short' }
    : { score: 0.5, reason: `right, but ${words} words long` };
}
