// The agent: which rules a prompt expresses, how likely each task is then done right, and an answer of that likelihood.
import { HARMS, NEG, sentences } from './text.js';

const German = /\b(und|der|die|das|ist|nicht|mit|für|ein|eine|auf|bitte|du|sie|werden|jede[rsn]?)\b/gi,
  English = /\b(the|and|is|of|with|for|a|an|to|you|are|as|in|must|when)\b/gi;

export function createAgent({ S, rules, samples, train, held, byId, render, rightOf }) {
  /** What a prompt means to the agent. */
  const cache = new Map();
  function meaning(prompt) {
    let m = cache.get(prompt);
    if (m) return m;
    const ss = sentences(prompt),
      strength = new Map();
    const instr = ss.filter((s) => !NEG.test(s));
    for (const [i, rule] of rules.entries()) {
      const reads = instr
        .filter((s) => !/^example/i.test(s))
        .map((s) => rule.reads(s))
        .filter((x) => x !== null);
      const good = Math.max(0, ...reads),
        bad = reads.includes(-1);
      let s = bad ? (good === 1 ? 0.4 : -0.8) : good;
      if (S.fewshot) {
        s *= S.fewshot.tell;
        if (
          rule.kind === 'format' &&
          instr.some((x) => /^(example|note|input|case)/i.test(x) || /->|gives/.test(x)) &&
          new RegExp(
            `${rule.key}: (${[samples[i], ...train.flatMap((t) => t.fields.filter((f) => f.rule === rule).map((f) => f.right))].map((x) => x.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`,
            'i',
          ).test(prompt)
        )
          s = Math.max(s, 0.95);
      }
      strength.set(rule, s);
    }
    if (S.pairs)
      for (const [a, b] of S.pairs) {
        const x = strength.get(rules[a]),
          y = strength.get(rules[b]);
        if (x <= 0.5 || y <= 0.5) {
          strength.set(rules[a], Math.min(x, 0.12));
          strength.set(rules[b], Math.min(y, 0.12));
        }
      }
    const harms = HARMS.filter(([re]) => instr.some((s) => re.test(s))).map(([re, p, f, mark]) => {
      const forbidden = ss.some(
        (s) => (NEG.test(s) && re.test(s)) || /(only|nothing but) the (record|desk)|nothing else/i.test(s),
      );
      return { p: forbidden ? p * 0.4 : p * (S.harm ?? 1), f, mark };
    });
    const g = (prompt.match(German) ?? []).length,
      e = (prompt.match(English) ?? []).length;
    const germanP =
      S.language && g > e && !/(answer|reply|write|record|fields?).{0,40}\benglish\b|englisch/i.test(prompt) ? 0.65 : 0;
    let tail = 0;
    if (S.lastLine) {
      const at = ss.findIndex((s) => /(only|nothing but) the record|nothing else/i.test(s));
      tail = at < 0 ? 0.5 : at === ss.length - 1 ? 0.03 : 0.38;
    }
    let ending = 1;
    if (S.ending) ending = ss.some((s) => S.ending.re.test(s) && !NEG.test(s)) ? S.ending.top : S.ending.base;
    const over = S.limit ? Math.max(0, prompt.length - S.limit) / S.limit : 0;
    const factor = Math.max(0.35, 1 - (S.limit ? 0.7 : 0) * over) * (1 - 0.004 * Math.max(0, ss.length - 30));
    m = { strength, harms, germanP, tail, ending, factor };
    if (cache.size > 5000) cache.clear();
    cache.set(prompt, m);
    return m;
  }
  const pRule = (m, rule) => {
    const s = m.strength.get(rule),
      base = S.base,
      top = S.top;
    return s >= 0 ? base + (top - base) * s : base * (1 + s);
  };
  function pTask(prompt, t) {
    if (S.flat) return S.flat;
    const m = meaning(prompt);
    let p = (1 - S.slip) * m.factor * (1 - m.germanP) * (1 - m.tail) * m.ending;
    for (const h of m.harms) p *= 1 - h.p;
    for (const f of t.fields) if (f.rule) p *= pRule(m, f.rule);
    return p;
  }
  const score = (prompt, tasks = held) => tasks.reduce((s, t) => s + pTask(prompt, t), 0) / tasks.length;

  function agent(prompt, noteText, r) {
    const t = byId.get(Number(/Case (\d+)\./.exec(noteText)?.[1]));
    if (!t) return 'I do not know.';
    if (S.flat)
      return r.chance(S.flat)
        ? rightOf(t)
        : render(t.fields, (f) => (f.rule ? r.pick([f.naive, ...f.rule.other.map((o) => o(f.v))]) : f.right)) +
            (t.fields.some((f) => f.rule) ? '' : ' unclear');
    const m = meaning(prompt);
    let wrong = false;
    let text = render(t.fields, (f) => {
      if (!f.rule) return f.right;
      const ok = r.chance(pRule(m, f.rule));
      if (ok) return f.right;
      wrong = true;
      return m.strength.get(f.rule) < 0 ? r.pick(f.rule.other)(f.v) : f.naive;
    });
    if (S.ending && !r.chance(m.ending)) text = text.replace(` ${S.ending.words}`, '');
    if (!r.chance((1 - S.slip) * m.factor) && !wrong) text = `${text.split(/[:;]/)[0]}: unclear`;
    for (const h of m.harms) if (r.chance(h.p)) text = h.f(text);
    if (r.chance(m.germanP)) text = `Antwort (${text.replace(/(\w+):/g, 'Feld $1:')})`;
    if (r.chance(m.tail)) text = `${text}. Is there anything else I can do for you?`;
    return text;
  }

  return { meaning, score, agent };
}
