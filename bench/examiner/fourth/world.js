// A text-in, text-out world: agent, critic and editor are functions of the text that they are sent.
import { createHash } from 'node:crypto';
import { createAgent } from './agent.js';
import { createCritic } from './critic.js';
import { createEditor } from './editor.js';
import { rng } from './random.js';
import { HARMS, sentences } from './text.js';

const FILLER = [
  'She sounded tired.',
  'It was raining.',
  'He will be home after six.',
  'They have been customers for years.',
  'The line was bad.',
  'Her neighbour had the same trouble.',
];

/** A world of a family: `spec` (families.js) makes its settings from a source of chance. */
export function createWorld(name, seed, spec) {
  const R = rng('world', name, seed);
  const S = spec(R);
  const { rules } = S;
  const E = S.editor,
    C = S.critic;
  const weights = rules.map((_, i) => 1 / (1 + i) ** (S.zipf ?? 0.5));
  const drawRules = (r) => {
    const n = r.pick(S.needs),
      out = [];
    while (out.length < n) {
      let x = r.next() * weights.reduce((p, q) => p + q, 0),
        i = 0;
      for (; i < rules.length - 1; i++) {
        x -= weights[i];
        if (x <= 0) break;
      }
      const rule = rules[i];
      if (!out.includes(rule) && !(rule.kind === 'route' && out.some((o) => o.kind === 'route'))) out.push(rule);
      else if (r.chance(0.2)) break;
    }
    return out;
  };
  const first = 1000 + 7 * (seed % 50);
  const makeTask = (r, i) => {
    const needed = drawRules(r);
    const free = S.freeFields ? [['ref', `${r.int(10, 99)}x`]] : [];
    const id = first + i,
      slots = needed.map((rule) => ({ rule, v: rule.draw(r) }));
    const telling = r.shuffle([
      ...slots.map(({ rule, v }) => rule.tell(v)),
      ...free.map(([, v]) => `Reference ${v}.`),
      ...(r.chance(0.6) ? [r.pick(FILLER)] : []),
    ]);
    const fields = [
      ...free.map(([k, v]) => ({ key: k, right: v, naive: v })),
      ...slots.map(({ rule, v }) => ({ key: rule.key, rule, v, right: rule.right(v), naive: rule.naive(v) })),
    ].sort((a, b) => (a.key < b.key ? -1 : 1));
    const head = S.label
      ? `Case ${id}. ${telling.join(' ')} Which desk?`
      : `Case ${id}. ${telling.join(' ')} Fields: ${fields.map((f) => f.key).join(', ') || 'none'}.`;
    return {
      id,
      fields,
      note: head,
      category: slots.find((s) => s.rule.kind === 'route')?.rule.topic ?? slots[0]?.rule.id ?? 'plain',
      difficulty: slots.length > 2 ? 'hard' : slots.length > 1 ? 'medium' : 'easy',
    };
  };
  const render = (fields, how) =>
    (S.label
      ? fields.length
        ? how(fields[0])
        : 'general'
      : fields.map((f) => `${f.key}: ${how(f)}`).join('; ') || 'nothing') + (S.ending ? ` ${S.ending.words}` : '');
  const rightOf = (t) => render(t.fields, (f) => f.right);
  const train = [],
    held = [];
  const rt = rng('train', name, seed),
    rh = rng('held', name, seed);
  for (let i = 0; i < S.n; i++) train.push(makeTask(rt, i));
  for (let i = 0; i < 240; i++) held.push(makeTask(rh, 5000 + i));
  const rn = rng('labels', name, seed);
  for (const t of train)
    t.expected =
      S.wrongLabels && rn.chance(S.wrongLabels)
        ? rightOf({
            ...t,
            fields: t.fields.map((f) => ({
              ...f,
              right: f.rule ? rn.pick([f.rule.right(f.rule.draw(rn)), ...f.rule.other.map((o) => o(f.v))]) : '77x',
            })),
          })
        : rightOf(t);
  const byId = new Map(train.map((t) => [t.id, t]));
  const samples = rules.map((rule) => {
    const r = rng('sample', name, seed, rule.id);
    return rule.right(rule.draw(r));
  });

  const { meaning, score, agent } = createAgent({ S, rules, samples, train, held, byId, render, rightOf });
  const { findings, critic } = createCritic({ S, C, rules, samples, byId });
  const editor = createEditor({ S, C, E, rules, findings });
  const repeats = new Map();
  function answer(body) {
    const msgs = body.messages ?? [],
      text = (m) => (typeof m.content === 'string' ? m.content : (m.content ?? []).map((p) => p.text ?? '').join('\n'));
    const all = msgs.map(text).join('\n\n'),
      role = /^c/.test(body.model) ? 'critic' : /^e/.test(body.model) ? 'editor' : 'agent';
    const clean = all
      .replace(/data-[0-9a-f]{8,}/g, 'data')
      .replace(/ro-[0-9a-f]+/g, 'ro')
      .replace(/Internal code[^\n]*/g, '');
    const key = createHash('sha1').update(`${role}|${clean}`).digest('hex'),
      n = repeats.get(key) ?? 0;
    repeats.set(key, n + 1);
    const r = rng('call', name, seed, key, n);
    if (role === 'agent')
      return agent(
        msgs
          .filter((m) => m.role === 'system' || m.role === 'developer')
          .map(text)
          .join('\n'),
        msgs
          .filter((m) => m.role === 'user')
          .map(text)
          .join('\n'),
        r,
      );
    const plain = all.replace(/Internal code[^\n]*\n?/g, '');
    return role === 'critic'
      ? critic(plain, body.response_format, r)
      : editor(
          msgs
            .filter((m) => m.role !== 'system')
            .map(text)
            .join('\n'),
          r,
        );
  }
  const start = S.start;
  const ideal = () => {
    const _r = rng('ideal', name, seed);
    const extra = [...(S.language ? ['Answer in English.'] : []), ...(S.ending ? [S.ending.say[0]] : [])];
    const last = ['Give only the record and nothing else.'];
    const tell = rules.map((rule, i) =>
      S.fewshot ? `Example: a note gives "${rule.key}: ${samples[i]}".` : rule.say(rng('ideal', name, seed, rule.id)),
    );
    const clean = sentences(start).filter(
      (s) => !HARMS.some(([re]) => re.test(s)) && !rules.some((rule) => rule.reads(s) === -1),
    );
    const cands = [
      start,
      [...tell, ...extra, ...last].join(' '),
      [...clean, ...tell, ...extra, ...last].join(' '),
      [...clean, ...tell.filter((_, i) => !clean.some((s) => rules[i].reads(s) === 1)), ...extra].join(' '),
    ];
    let best = cands.reduce((a, b) => (score(b) > score(a) ? b : a));
    if (S.limit)
      for (let again = true; again; ) {
        again = false;
        const ss = sentences(best);
        for (let i = 0; i < ss.length; i++) {
          const c = ss.filter((_, j) => j !== i).join(' ');
          if (score(c) > score(best) + 1e-9) {
            best = c;
            again = true;
            break;
          }
        }
      }
    return best;
  };
  const record = (t) => {
    const base = { id: `t${t.id}`, expected_answer: t.expected, category: t.category, difficulty: t.difficulty };
    if (S.turns) {
      const _at = t.note.indexOf('. ') + 2,
        cut = t.note.lastIndexOf(' Fields');
      return {
        ...base,
        task: `Please fill in the record.${t.note.slice(cut)}`,
        context: [
          { role: 'user', content: t.note.slice(0, cut) },
          { role: 'assistant', content: 'Noted. What do you need?' },
        ],
      };
    }
    if (S.context) {
      const cut = t.note.lastIndexOf(' Fields');
      return { ...base, task: `Fill in the record for this note.${t.note.slice(cut)}`, context: t.note.slice(0, cut) };
    }
    return { ...base, task: t.note };
  };
  let opt;
  return {
    name,
    seed,
    start,
    spec: S,
    train,
    held,
    answer,
    score,
    meaning,
    dataset: () => train.map(record),
    get ideal() {
      opt ??= ideal();
      return opt;
    },
    get optimum() {
      return score(this.ideal);
    },
  };
}
