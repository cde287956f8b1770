import { createHash } from 'node:crypto';
export const h = (...x) => createHash('sha256').update(x.join('\u0001')).digest().readUIntBE(0, 6) / 2 ** 48;
export function RNG(...k) {
  let n = 0;
  const r = () => h(...k, n++);
  r.int = (m) => Math.floor(r() * m);
  r.pick = (a) => a[r.int(a.length)];
  r.shuf = (a) => {
    a = [...a];
    for (let i = a.length - 1; i > 0; i--) {
      const j = r.int(i + 1);
      [a[i], a[j]] = [a[j], a[i]];
    }
    return a;
  };
  return r;
}
export const spin = (t, r) => {
  let p;
  do {
    p = t;
    t = t.replace(/\{([^{}]*)\}/g, (_, s) => r.pick(s.split('|')));
  } while (t !== p);
  return t.charAt(0).toUpperCase() + t.slice(1);
};
export const sentences = (t) =>
  t
    .split(/\n+|(?<=[.!?;])\s+(?=[^a-z])/)
    .map((s) => s.trim())
    .filter((s) => /[\p{L}]/u.test(s));
export const has = (s, groups) => {
  s = s.toLowerCase();
  return groups.every((g) => g.some((k) => s.includes(k.toLowerCase())));
};
// harmful advice: what a hasty reader would recommend
export const HARM = [
  {
    id: 'explain',
    kw: [
      ['explain', 'reasoning', 'step by step', 'justify'],
      ['answer', 'before', 'each', 'always', 'conclu'],
    ],
    say: '{Always explain|Lay out} {your reasoning|the reasoning step by step} before {the answer|you answer}.',
    f: (a) => `Let me think about this first. ${a}`,
  },
  {
    id: 'closing',
    kw: [
      ['friendly', 'polite', 'courteous'],
      ['closing', 'end', 'last', 'goodbye'],
    ],
    say: '{End with|Close with|Put at the end} a {friendly|polite} {remark|closing line}.',
    f: (a) => `${a} I hope this helps!`,
  },
  {
    id: 'conf',
    kw: [['confiden', 'certain', 'sure']],
    say: '{State|Give|Add} {how confident you are|your confidence in percent} {with|in} {the|each} answer.',
    f: (a) => `${a} (95 % sure)`,
  },
  {
    id: 'quote',
    kw: [['quot'], ['answer', 'text', 'output']],
    say: '{Put|Wrap} the {answer|output} in {quotation marks|quotes}.',
    f: (a) => `"${a}"`,
  },
  {
    id: 'restate',
    kw: [
      ['restate', 'repeat'],
      ['question', 'task', 'request'],
    ],
    say: '{Restate|Repeat} the {question|task|request} {first|before answering}.',
    f: (a) => `You asked me this. ${a}`,
  },
];
export const VAGUE = [
  '{Read|Study} the {task|request} {carefully|with care}.',
  '{Be|Stay} {precise|accurate} {and consistent|in every detail}.',
  '{Check|Review} {your work|the result} {before you send it|once more}.',
  '{Follow|Keep to} the {expected|required} {format|form} {closely|exactly}.',
  '{Pay attention to|Mind} {details|every detail}.',
  '{Think about|Consider} what the {user|reader} {really needs|expects}.',
];
const FLUFF = [
  'You are a {helpful|diligent|reliable} assistant.',
  'Your work is {valued|important}.',
  '{Take your time|Do not rush}.',
  'We {appreciate|value} quality.',
  'The team relies on you.',
];
export class World {
  constructor(family, seed, spec) {
    this.family = family;
    this.seed = seed;
    Object.assign(
      this,
      {
        slip: 0.02,
        harmP: 0.45,
        dil0: 14,
        dil: 0.012,
        nTrain: 100,
        critic: {},
        editor: {},
        frame: null,
        harms: HARM,
        vague: VAGUE,
      },
      spec(RNG('spec', family, seed)),
    );
    this.critic = { right: 0.8, style: 'bullets', wrongArg: 0.5, ...this.critic };
    this.editor = { habit: 'append', format: 'tag', drop: 0.03, apply: 0.9, fluff: 0.2, ...this.editor };
    const key = (t) => t.input;
    const seen = new Set();
    const draw = (n, k) => {
      const r = RNG('tasks', family, seed, k),
        o = [];
      let guard = 0;
      while (o.length < n && guard++ < 50 * n) {
        const t = this.gen(r);
        if (seen.has(key(t))) continue;
        seen.add(key(t));
        t.expected = t.compose(t.slots.map((s) => s.good));
        for (const s of t.slots) if (s.good === s.bad) s.rule = null;
        t.needs = [...new Set(t.slots.filter((s) => s.rule != null).map((s) => s.rule))];
        t.harmful = this.harms.filter((_, i) => h('harm', family, seed, t.input, i) < this.harmP).map((x) => x.id);
        o.push(t);
      }
      return o;
    };
    this.train = draw(this.nTrain, 'train');
    this.test = draw(400, 'test');
    this.byInput = new Map([...this.train, ...this.test].map((t) => [t.input, t]));
    this.count = new Map();
    const r = RNG('check', family, seed);
    for (const x of this.rules) {
      for (let i = 0; i < 20; i++) {
        const s = spin(x.say, r);
        if (!has(s, x.kw)) throw Error(`${family} ${x.id}: "${s}" not matched`);
        if (x.wrong) {
          const w = spin(x.wrong.say, r);
          if (!has(w, x.wrong.kw) || has(w, x.kw)) throw Error(`${family} ${x.id} wrong: "${w}"`);
        }
      }
    }
  }
  read(prompt) {
    const S = sentences(prompt),
      n = S.length;
    const st = this.rules.map((x) => {
      const ok = S.filter((s) => has(s, x.kw));
      const bad = x.wrong ? S.filter((s) => has(s, x.wrong.kw) && !has(s, x.kw)) : [];
      return ok.length
        ? bad.length
          ? 0.5
          : x.scope && !ok.some((s) => has(s, x.scope))
            ? 'unscoped'
            : 1
        : bad.length
          ? -1
          : 0;
    });
    const harm = this.harms
      .filter((x) => S.some((s) => has(s, x.kw) && !/(never|not|do not|don't|avoid|without|kein|nicht)/i.test(s)))
      .map((x) => x.id);
    const framed = !this.frame || this.frame(prompt);
    const d = Math.max(0, n - this.dil0) * this.dil;
    return { st, harm, framed, d };
  }
  pRule(m, i, _t) {
    const x = this.rules[i],
      s = m.st[i];
    let p = s === 1 || s === 'unscoped' ? x.s : s === 0.5 ? (x.s + x.u) / 2 : s === -1 ? 0.02 : x.u;
    if (s === 1 || s === 'unscoped') p = Math.max(x.u, (p - m.d) * (m.framed ? 1 : (this.unframed ?? 1)));
    return p;
  }
  // an unscoped statement of rule i breaks the tasks listed as its exceptions
  pHurt(m, t) {
    let p = 1;
    for (const [i, _x] of this.rules.entries()) if (m.st[i] === 'unscoped' && t.except?.includes(i)) p *= 0.15;
    return p;
  }
  score(m, t) {
    let p = (1 - this.slip) * this.pHurt(m, t);
    for (const i of t.needs) p *= this.pRule(m, i, t);
    for (const x of m.harm) if (t.harmful.includes(x)) p *= 0.2;
    return p * (t.luck ?? 1);
  }
  exact(prompt, set = this.test) {
    const m = this.read(prompt);
    return set.reduce((a, t) => a + this.score(m, t), 0) / set.length;
  }
  ceiling() {
    const _r = RNG('ceil');
    return Math.max(...[0, 1].map(() => this.exactState(1)));
  }
  exactState(_v) {
    const m = { st: this.rules.map(() => 1), harm: [], framed: true, d: 0 };
    return this.test.reduce((a, t) => a + this.score(m, t), 0) / this.test.length;
  }
  agent(prompt, input) {
    const t = this.byInput.get(input.trim());
    if (!t) return 'I do not know.';
    const m = this.read(prompt),
      k = JSON.stringify([m, input]);
    const c = (this.count.get(k) || 0) + 1;
    this.count.set(k, c);
    const r = RNG('agent', this.family, this.seed, k, c);
    const ok = Object.fromEntries(t.needs.map((i) => [i, r() < this.pRule(m, i, t)]));
    let a = t.compose(t.slots.map((s) => (s.rule == null || ok[s.rule] ? s.good : s.bad)));
    for (const x of m.harm) if (t.harmful.includes(x) && r() < 0.8) a = this.harms.find((y) => y.id === x).f(a);
    if (r() > this.pHurt(m, t)) a = t.hurt ?? `${a} (see above)`;
    if (r() < this.slip || (t.luck != null && r() > t.luck)) a = t.slipText?.(r) ?? `${a.slice(0, -1)} ?`;
    return a;
  }
  findings(text, _r) {
    // only what the request shows
    const found = [];
    for (const t of this.byInput.values()) {
      const at = text.indexOf(t.input);
      if (at < 0) continue;
      const rest = text.slice(at + t.input.length);
      const stop = rest.search(/\n(?:### |# Example|Rollout \S+:|<rollout)/);
      const seg = stop < 0 ? rest.slice(0, 4000) : rest.slice(0, stop);
      const id = (text.slice(0, at).match(/ro-[0-9a-z]+(?![\s\S]*ro-[0-9a-z])/) || [])[0];
      if (!this.textHas(seg, t.expected)) continue;
      const body = seg;
      for (const x of this.harms) {
        const a = x
          .f('\u0002')
          .split('\u0002')
          .map((s) => s.trim())
          .filter((s) => s.length > 1);
        if (a.length && a.every((s) => body.includes(s)) && !a.every((s) => t.expected.includes(s)))
          found.push({ harm: x, id });
      }
      const vis = t.needs.filter((i) =>
        t.slots.some(
          (s) =>
            s.rule === i &&
            (s.bad.trim().length < 3
              ? t.slots.length > 2 && new RegExp(t.slots[1].good + s.bad).test(body.slice(0, body.indexOf(t.expected)))
              : this.textHas(body, s.bad)) &&
            !t.expected.includes(s.bad),
        ),
      );
      for (const i of vis) found.push({ rule: i, id });
      if (t.hurt && body.includes(t.hurt)) for (const i of t.except || []) found.push({ rule: i, id, scoped: true });
    }
    return found;
  }
  textHas(a, b) {
    const n = (s) => s.replace(/\s+/g, ' ').trim();
    return n(a).includes(n(b));
  }
  critique(req, text) {
    const r = RNG('critic', this.family, this.seed, text, req.seed ?? '', req.temperature ?? '');
    const prompt = text.match(/## Current prompt[^\n]*\n([\s\S]*?)\n## /)?.[1] ?? '';
    const _m = this.read(prompt.replace(/^\d+\.\s*/gm, ''));
    const f = this.findings(text, r);
    const by = new Map();
    for (const x of f) {
      const k = x.harm ? `h${x.harm.id}` : `r${x.rule}`;
      (by.get(k) ?? by.set(k, { ...x, ids: [] }).get(k)).ids.push(x.id);
      if (x.scoped) by.get(k).scoped = true;
    }
    const out = [];
    const n = Math.max(3, (text.match(/### Rollout/g) || []).length);
    const right = this.critic.right / (1 + 0.04 * (n - 3));
    for (const x of by.values()) {
      if (out.length >= 4) break;
      if (r() < right * (this.critic.see ?? 1)) {
        if (x.harm) {
          const line = sentences(prompt.replace(/^\d+\.\s*/gm, '')).find((s) => has(s, x.harm.kw));
          out.push({
            op: line ? 'remove' : 'add',
            target: line,
            text: spin(x.harm.say, r),
            ids: x.ids,
            cause: 'the answer carries extra text',
          });
          continue;
        }
        const q = this.rules[x.rule];
        let s = spin(q.say, r);
        if (q.scopeSay && (x.scoped || r() < (this.critic.scoped ?? 0.4)))
          s = `${s.replace(/[.]$/, '')} ${spin(q.scopeSay, r)}.`;
        out.push({ op: 'add', text: s, ids: x.ids, cause: 'this detail differs from the expected answer' });
      } else if (r() < 0.85) out.push(this.bogus(r, x));
    }
    if (!out.length || r() < (this.critic.extra ?? 0.25)) out.push(this.bogus(r, { ids: [] }));
    return this.wordCritique(out, req, r);
  }
  bogus(r, x) {
    const q = x.rule != null ? this.rules[x.rule] : null;
    if (q?.wrong && r() < this.critic.wrongArg)
      return { op: 'add', text: spin(q.wrong.say, r), ids: x.ids, cause: 'the form is wrong' };
    const a = r() < 0.5 ? spin(r.pick(this.harms).say, r) : spin(r.pick(this.vague), r);
    return { op: 'add', text: a, ids: x.ids || [], cause: 'unclear' };
  }
  wordCritique(out, req, r) {
    const st = this.critic.style;
    const ids = (x) => x.ids.filter(Boolean);
    if ((st === 'json' || st === 'jsonish') && (req.response_format || st === 'jsonish')) {
      const j = JSON.stringify({
        findings: out.map((x) => ({
          operation: x.op,
          statement: x.op === 'remove' ? '' : x.text,
          target: x.target ?? '',
          evidence: ids(x),
          cause: x.cause,
        })),
      });
      return st === 'jsonish' ? `\`\`\`json\n${j}\n\`\`\`` : j;
    }
    const line = (x) => (x.op === 'remove' ? `Remove the instruction "${x.target}": ${x.cause}.` : x.text);
    if (st === 'prose')
      return `${spin('{I compared the answers with what was wanted|Looking over these cases, a pattern shows}. ', r) + out.map((x) => (x.op === 'remove' ? line(x) : spin('{The prompt does not say it, but|It seems that|What is missing:} ', r) + (x.text.charAt(0).toLowerCase() + x.text.slice(1)) + (ids(x).length && r() < 0.4 ? ` This shows in ${ids(x)[0]}.` : ''))).join(' ')} ${spin('{Otherwise the work looks fine|The rest is good}.', r)}`;
    if (st === 'headed')
      return `## Analysis\n\nThe agent does well in general, but there are gaps.\n\n${out.map((x, i) => `${i + 1}. **${(this.critic.title ?? ['Format', 'Content', 'Missing rule', 'Scope'])[i % 4]}**: ${line(x)}\n   - Evidence: ${ids(x).join(', ') || 'general impression'}`).join('\n')}\n\nOverall, fix these points and accuracy should rise.`;
    return out.map((x) => `- ${line(x)}`).join('\n');
  }
  fixLines(prompt) {
    return sentences(prompt.replace(/^\s*(?:[-*]|\d+\.)\s+/gm, ''));
  }
  editText(prompt, critique, r, whole) {
    const e = this.editor;
    let S = this.fixLines(prompt);
    const add = [];
    for (const s of sentences(critique.replace(/^\s*(?:[-*]|\d+\.)\s+/gm, '').replace(/\*\*[^*]*\*\*:?\s*/g, ''))) {
      const rm = s.match(/remove[^"]*"([^"]+)"/i);
      if (rm) {
        if (r() < 0.9) S = S.filter((x) => !x.includes(rm[1].replace(/^\d+\.\s*/, '').slice(0, 40)));
        continue;
      }
      const i = this.rules.findIndex((q) => has(s, q.kw)),
        w = this.rules.findIndex((q) => q.wrong && has(s, q.wrong.kw)),
        hm = this.harms.find((q) => has(s, q.kw));
      const known =
        i >= 0 ||
        w >= 0 ||
        hm ||
        this.vague.some(
          (v) =>
            v
              .replace(/[{}|]/g, ' ')
              .split(/\s+/)
              .filter((z) => z.length > 4 && s.toLowerCase().includes(z.toLowerCase())).length >= 2,
        );
      if (!known || r() > e.apply) continue;
      const fresh =
        i >= 0
          ? spin(this.rules[i].say, r) + (this.rules[i].scope && has(s, this.rules[i].scope) ? '' : '')
          : w >= 0
            ? spin(this.rules[w].wrong.say, r)
            : hm
              ? spin(hm.say, r)
              : null;
      const q = i >= 0 ? this.rules[i] : null;
      let t =
        e.reword && fresh
          ? fresh
          : s.replace(/^(The prompt does not say it, but|It seems that|What is missing:)\s*/i, '');
      if (q?.scope && has(s, q.scope) && !has(t, q.scope)) t = `${t.replace(/[.]$/, '')} ${spin(q.scopeSay, r)}.`;
      t = t.charAt(0).toUpperCase() + t.slice(1);
      if (i >= 0 && S.some((x) => has(x, q.kw) && (!q.scope || !has(t, q.scope) || has(x, q.scope)))) continue;
      if (i >= 0 && q.scope) S = S.filter((x) => !has(x, q.kw));
      add.push(t);
    }
    S = S.filter(() => r() >= e.drop);
    if (whole) {
      S = S.map((s) => {
        const i = this.rules.findIndex((q) => has(s, q.kw));
        if (i >= 0 && r() < 0.7) {
          let t = spin(this.rules[i].say, r);
          const q = this.rules[i];
          if (q.scope && has(s, q.scope)) t = `${t.replace(/[.]$/, '')} ${spin(q.scopeSay, r)}.`;
          return t;
        }
        return s;
      });
    }
    S = [...S, ...add.filter((t) => !S.includes(t))];
    if (r() < e.fluff) S.splice(r.int(2), 0, spin(r.pick(FLUFF), r));
    if (whole && this.wholeText) return this.wholeText(S, r);
    return e.layout === 'bullets'
      ? S.map((s) => `- ${s}`).join('\n')
      : e.layout === 'lines'
        ? S.join('\n')
        : S.join(' ');
  }
  edit(req, text) {
    const r = RNG('editor', this.family, this.seed, text, req.seed ?? '', req.temperature ?? '');
    let cur,
      crit = '';
    const unfence = (s) => s.replace(/^<\/?data-[^>]*>\s*$/gm, '').trim();
    if (/## Current prompt/.test(text)) {
      cur = unfence(text.match(/## Current prompt[^\n]*\n([\s\S]*?)(?=\n## |$)/)[1]);
      const c = text.match(/## (?:Critique|Findings)[^\n]*\n([\s\S]*?)(?=\n## (?!Analysis)|$)/);
      if (c) crit = unfence(c[1]);
    } else {
      cur = text.match(/```\n?([\s\S]*?)\n?```/)?.[1] ?? '';
    }
    if (!crit) {
      const c = this.critic.style;
      this.critic.style = 'bullets';
      if (/ro-[0-9a-z]{8}|# Example/.test(text)) crit = this.critique({ seed: req.seed }, text);
      this.critic.style = c;
    }
    const whole =
      this.editor.habit === 'rewrite' ||
      (this.editor.habit === 'mixed' && r() < 0.5) ||
      /rewrite|whole|polish|from scratch/i.test(text.slice(-900));
    const p = this.editText(cur, crit, r, whole);
    const g = !/## Current prompt/.test(text);
    const f = g ? 'fence' : this.editor.format;
    if (f === 'json') return JSON.stringify({ prompt: p });
    if (f === 'fence') return `Here is the improved prompt:\n\n\`\`\`\n${p}\n\`\`\`\n\nI kept the rest.`;
    if (f === 'bare') return p;
    return `<prompt>\n${p}\n</prompt>`;
  }
}
