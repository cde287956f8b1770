// Critic, editor and one-call reflector: one skill set, worked out from the text of the request alone.
import { clauses, DECOYS, FORMS, FRAMES, rng, statementsOf, TOPICS, VAGUE } from './worlds.js';

const VERBS = ['Write', 'Put', 'Give', 'Render', 'Record', 'State', 'Enter', 'Set down', 'Note', 'List'];
const TAILS = [
  '',
  '',
  ' every time',
  ' in each answer',
  ' as the house style demands',
  ' for the sake of consistency',
  ' so that the registry accepts it',
  ' throughout',
  ' without exception',
  ' whenever it occurs',
];
const CAUSES = [
  'The % came out wrong',
  'The agent got the % in a form nobody wants',
  'Failures concern the %',
  'What stands for the % differs from what was wanted',
  'The % is not in the wanted shape',
  'Trouble with the %',
];

/** One wording of a finding. In worlds that word anew it is drawn from about a thousand, else from four. */
function word(w, r, f) {
  const t = TOPICS[f.topic],
    words = f.form < 0 ? VAGUE[f.group] : FORMS[f.form].words,
    scope = f.category ? `in ${f.category} cases` : '';
  if (w.anew) {
    const body = `the ${r.pick(t.names)} ${r.pick(words)}`,
      tail = r.pick(TAILS);
    const s =
      r.u() < 0.3 && scope
        ? `${scope[0].toUpperCase()}${scope.slice(1)}, ${r.pick(VERBS).toLowerCase()} ${body}${tail}`
        : `${r.pick(['', '', 'Always ', 'Make sure to ', 'Please '])}${r.pick(VERBS)} ${body}${scope ? ` ${scope}` : ''}${tail}`;
    return `${s[0].toUpperCase()}${s.slice(1)}.`;
  }
  return `${r.u() < 0.8 ? 'Write' : 'Give'} the ${t.names[0]} ${r.u() < 0.8 ? words[0] : words[1]}${scope ? ` ${scope}` : ''}.`;
}

/** The blocks of a request that are set apart (tags, fences, quotes), each with the words before it. */
function blocks(text) {
  const out = [],
    re =
      /<([A-Za-z][\w-]*)[^<>]*>\n?([\s\S]*?)\n?<\/\1>|```\w*\n?([\s\S]*?)```|<(START)>([\s\S]*?)<END>|\[\[ ## (\w+) ## \]\]\n([\s\S]*?)(?=\n\[\[ ##|$)|(?:is|prompt|instructions?):\s*"([\s\S]*?)"(?=\s*\n|\s*$)/gi;
  for (const m of text.matchAll(re)) {
    const body = m[2] ?? m[3] ?? m[5] ?? m[7] ?? m[8] ?? '';
    if (/^\s*(and|to|\.\.\.)\s*$/.test(body)) continue; // "between <prompt> and </prompt>"
    out.push({
      at: m.index,
      end: m.index + m[0].length,
      tag: (m[1] ?? m[6] ?? '').toLowerCase(),
      label: text
        .slice(Math.max(0, m.index - 110), m.index)
        .trim()
        .split(/\n\s*\n/)
        .pop()
        .toLowerCase(),
      body: body.trim(),
    });
  }
  return out;
}
const PROMPTISH = /prompt|instruction|variable|template|system message/;
const has = (b, re) => re.test(b.label) || (re.test(b.tag) && !/^data/.test(b.tag));

/** Everything in the request that a reader could see. */
export function read(w, messages) {
  const text = messages
    .map((m) => (typeof m.content === 'string' ? m.content : (m.content ?? []).map((c) => c.text ?? '').join('\n')))
    .join('\n\n');
  const all = blocks(text);
  const own = all.filter(
    (b) =>
      has(b, PROMPTISH) &&
      !/Case \d{4}/.test(b.body) &&
      !has(b, /answer with|between|critique|feedback|finding|reason/),
  );
  const current = own.find((b) => has(b, /current|best/)) ?? own[0] ?? null;
  const critique = all.filter(
    (b) =>
      b !== current &&
      has(b, /critique|feedback|finding|reason|gradient|problem|suggest|change/) &&
      !/Case \d{4}:/.test(b.body),
  );
  const tried = all.filter(
    (b) => b !== current && has(b, /tried|useless|harm|rejected|already|did not help|no effect/),
  );
  let bare = '',
    pos = 0;
  for (const b of all)
    if (b.at >= pos) {
      bare += text.slice(pos, b.at);
      pos = b.end;
    }
  bare += text.slice(pos);
  const cases = [];
  for (const no of new Set([...text.matchAll(/Case (\d{4})\b/g)].map((m) => Number(m[1])))) {
    const it = w.byNo.get(no);
    if (!it || it.part === 'test') continue;
    const at = text.indexOf(`Case ${no} (`);
    const answers = [...text.matchAll(new RegExp(`Case ${no}: ([^\\n<"\`\\\\]+)`, 'g'))].map((m) => m[1].trim());
    const want = it.expected.slice(`Case ${no}: `.length),
      shown = answers.includes(want);
    const wrong = answers.filter((a) => a !== want),
      id = [
        ...text
          .slice(0, at < 0 ? text.indexOf(`Case ${no}`) : at)
          .matchAll(/\b(?:rollout|trace|example|id|run|task)\b["' #:=[(]{1,4}([\w-]{2,})/gi),
      ]
        .map((m) => m[1])
        .filter((x) => /\d/.test(x) && !/^data-/.test(x))
        .pop();
    const ws = want.split(' | '),
      slots = new Set();
    for (const a of wrong) {
      const as = a.split(' | ');
      ws.forEach((x, i) => {
        if (as[i] !== undefined && as[i] !== x && !/to be confirmed|thank you|pending/.test(as[i])) slots.add(i);
      });
    }
    cases.push({ it, at, shown, failed: wrong.length > 0, slots: [...slots], id });
  }
  return { text, bare, current, critique, tried, cases, ids: cases.map((c) => c.id).filter(Boolean) };
}

/** What the critic says of the failures that its request shows. */
export function findings(w, r, q, max = 2 + r.int(3)) {
  const failed = q.cases.filter((c) => c.failed),
    n = failed.length,
    out = [],
    p0 = w.c / (1 + w.load * Math.max(0, n - 3));
  const seen = new Map();
  for (const c of failed)
    for (const i of c.slots) {
      if (c.at < 0) continue;
      const s = c.it.slots[i];
      if (s.form < 0 && !c.shown) continue;
      const k = `${s.topic}/${s.form}`;
      if (!seen.has(k)) seen.set(k, { s, c, n: 0, shown: false });
      const e = seen.get(k);
      e.n++;
      e.shown ||= c.shown;
    }
  const stated = clauses(q.current?.body ?? '').flatMap((t) => statementsOf(t).map((x) => ({ ...x, text: t })));
  const dead = q.tried.flatMap((b) => clauses(b.body).flatMap(statementsOf));
  const list = r
    .shuffle([...seen.values()])
    .sort((a, b) => b.n - a.n)
    .slice(0, max);
  for (const { s, c, n: k, shown } of list) {
    const scoped = w.scoped ? r.u() < 0.55 : r.u() < 0.04,
      category = scoped ? c.it.category : null;
    const mine = stated.filter((x) => x.topic === s.topic && (!x.category || x.category === c.it.category));
    const p = shown ? 1 - (1 - p0) ** (1 + 0.5 * (k - 1)) : 0.12 * p0;
    let f;
    if (s.form < 0) f = mine.length ? null : { decoy: r.int(DECOYS.length) };
    else if (r.u() < p)
      f =
        r.u() < w.vague
          ? { topic: s.topic, form: -1, group: FORMS[s.form].group, category }
          : { topic: s.topic, form: s.form, category };
    else {
      const x = r.u(),
        t = x < 0.5 ? s.topic : r.pick(c.it.slots).topic;
      f = x < 0.75 ? { topic: t, form: r.int(FORMS.length), category } : { decoy: r.int(DECOYS.length) };
    }
    if (r.u() < 0.03) f = { fact: c.it };
    const conflict = mine.find((x) => f?.topic === x.topic && x.form !== f.form);
    if (f?.topic !== undefined && mine.some((x) => x.form === f.form && f.form >= 0) && r.u() < 0.6) continue;
    if (f?.topic !== undefined && dead.some((x) => x.topic === f.topic && x.form === f.form) && r.u() < 0.6) continue;
    if (!f && mine.length) {
      out.push({
        text: '',
        target: mine[0].text,
        operation: 'remove',
        cause: cause(w, r, s.topic),
        ids: cite(w, r, q, c),
      });
      continue;
    }
    if (!f) continue;
    const text = f.fact
      ? `For case ${f.fact.no} answer ${f.fact.expected}.`
      : f.decoy !== undefined
        ? `${DECOYS[f.decoy]}.`
        : word(w, r, f);
    out.push({
      text,
      target: conflict?.text ?? '',
      operation: conflict ? 'replace' : 'add',
      cause: cause(w, r, s.topic),
      ids: cite(w, r, q, c),
    });
  }
  if (!out.length && (n === 0 || r.u() < 0.5))
    out.push({
      text: `${r.pick(DECOYS)}.`,
      target: '',
      operation: 'add',
      cause: 'The prompt could be clearer',
      ids: q.ids.slice(0, 1),
    });
  return out;
}
const cause = (w, r, topic) =>
  `${(w.anew ? r.pick(CAUSES) : CAUSES[0]).replace('%', w.anew ? r.pick(TOPICS[topic].names) : TOPICS[topic].names[0])}.`;
const cite = (w, r, q, c) => (c.id && r.u() < w.cite ? [c.id] : q.ids.length ? [r.pick(q.ids)] : []);

/** A new prompt text from the current one and findings. */
export function rewrite(w, r, q, news, mode) {
  const rate = mode === 'minimal' ? [0.92, 0.01] : mode === 'paraphrase' ? [0, 0.03] : [0.9, w.drop];
  let frame = null;
  const lines = [];
  for (const c of clauses(q.current?.body ?? '')) {
    const i = FRAMES.findIndex((f) => c.toLowerCase().includes(f.toLowerCase()));
    if (i >= 0 && frame === null) {
      frame = FRAMES[i];
      continue;
    }
    const st = statementsOf(c);
    if (r.u() < rate[1]) continue;
    const anew = st.length === 1 && r.u() < (mode === 'paraphrase' ? 0.9 : mode === 'minimal' ? 0 : w.anew ? 0.5 : 0.1);
    lines.push({ text: anew ? word(w, r, st[0]) : c, st });
  }
  if (mode !== 'minimal' && r.u() < (mode === 'paraphrase' ? 0.3 : 0.6)) frame = r.pick(FRAMES);
  for (const n of news) {
    if (r.u() >= rate[0]) continue;
    const st = statementsOf(n.text),
      same = (l) => l.st.some((x) => st.some((y) => x.topic === y.topic && x.category === y.category));
    const at = lines.findIndex((l) => (n.target && l.text === n.target) || same(l));
    if (!n.text) {
      if (at >= 0 && r.u() < 0.85) lines.splice(at, 1);
      continue;
    }
    if (at >= 0 && r.u() < 0.85) lines[at] = { text: n.text, st };
    else if (!lines.some((l) => l.text === n.text)) lines.push({ text: n.text, st });
  }
  const body = lines.map((l) => (/[.!?:]$/.test(l.text) ? l.text : `${l.text}.`));
  return [...(frame ? [`${frame}.`] : []), ...body].join(mode !== 'minimal' && r.u() < 0.3 ? ' ' : '\n');
}

function fill(schema, name, ctx, item, root = schema) {
  const s = schema.$ref
    ? schema.$ref
        .split('/')
        .slice(1)
        .reduce((o, k) => o[k], root)
    : schema.anyOf
      ? schema.anyOf.find((x) => x.type !== 'null')
      : schema;
  const type = Array.isArray(s.type) ? s.type[0] : s.type,
    key = name.toLowerCase();
  if (s.enum) return s.enum.find((x) => x === item?.operation) ?? s.enum.find((x) => x === 'add') ?? s.enum[0];
  if (type === 'object')
    return Object.fromEntries(Object.entries(s.properties ?? {}).map(([k, v]) => [k, fill(v, k, ctx, item, root)]));
  if (type === 'array') {
    if (/evid|cit|ids?$|rollout|trace/.test(key)) return item?.ids ?? ctx.q.ids.slice(0, 1);
    const list = item ? [item] : ctx.list();
    return list
      .slice(0, s.maxItems ?? 99)
      .map((f) => fill(s.items ?? { type: 'string' }, key.replace(/s$/, ''), ctx, f, root));
  }
  if (type === 'boolean') return true;
  if (type === 'number' || type === 'integer') return type === 'integer' ? Math.ceil(s.minimum ?? 1) : 0.5;
  if (type === 'null') return null;
  if (/prompt|rewrit|template|full/.test(key) && !item) return ctx.rewritten();
  if (/target|replac|old|remov/.test(key)) return item?.target ?? '';
  if (/cause|reason|why|diagnos|explan|rational|problem|symptom/.test(key))
    return (
      item?.cause ??
      ctx
        .list()
        .map((f) => f.cause)
        .join(' ')
    );
  if (/evid|rollout|^id$/.test(key)) return (item?.ids ?? [])[0] ?? '';
  return item
    ? item.text
    : ctx
        .list()
        .map((f) => f.text)
        .join(' ');
}

/** The answer of `sim-llm` to any request. Returns the text and what kind of work it was. */
export function llm(w, body) {
  const q = read(w, body.messages ?? []),
    r = rng(w.secret, 'llm', q.text.replace(/k[0-9a-f]{20,}|data-[0-9a-f]{16,}|ro-[0-9a-f]+/g, ''), body.seed ?? 0);
  const ask = q.bare,
    fails = q.cases.filter((c) => c.failed).length;
  const wants =
    /\b(write|create|give|produce|generate|propose|return|output|answer|respond|provide)\b[^.]{0,100}\b(new|improved|revised|updated|better|rewritten|complete|full|different|modified|edited)\b[^.]{0,60}\b(prompt|instructions?|template|variable)/i.test(
      ask,
    ) ||
    /\b(rewrite|improve|revise|paraphrase|shorten) (the|this|that|my|our) (\w+ )?(prompt|instructions?|template)/i.test(
      ask,
    ) ||
    /<START>|IMPROVED_VARIABLE|variation/i.test(ask);
  const schema = body.response_format?.json_schema?.schema ?? null;
  const mode = /paraphras|variation|same meaning|different words|other words/i.test(ask)
    ? 'paraphrase'
    : /word for word|keep (the )?(length|structure|every|all)|minimal|only (fix|change)|one (point|thing|change)\b/i.test(
          ask,
        )
      ? 'minimal'
      : 'rewrite';
  const limit =
    Number(
      /\b(?:give|list|name|at most|up to)\s+(\d)\s+\w*\s*(reasons?|findings?|problems?|points?)/i.exec(ask)?.[1] ?? 0,
    ) || undefined;
  let memo = null;
  const criticised = () =>
    q.critique
      .flatMap((b) => clauses(b.body))
      .filter((c) => statementsOf(c).length || DECOYS.some((d) => c.toLowerCase().includes(d.toLowerCase())))
      .map((c) => ({
        text: c.replace(/\s*\((see|cf)[^)]*\)\.?/i, ''),
        target: '',
        operation: 'add',
        cause: '',
        ids: q.ids.slice(0, 1),
      }));
  const list = () => {
    if (!memo) {
      memo = criticised();
      if (!memo.length && (fails || !q.critique.length)) memo = mode === 'paraphrase' ? [] : findings(w, r, q, limit);
    }
    return memo;
  };
  const rewritten = () => rewrite(w, r, q, list(), mode);
  if (schema && w.json) {
    const kind =
      /"(new_?)?prompt"|rewrit/i.test(JSON.stringify(schema.properties ?? {})) && wants
        ? 'edit'
        : fails
          ? 'critic'
          : 'edit-list';
    return { kind, mode, fails, text: JSON.stringify(fill(schema, '', { q, list, rewritten })) };
  }
  if (wants && !(schema && fails && !/<prompt>|```/.test(ask))) {
    const p = rewritten(),
      tag = /<START>/.test(ask)
        ? ['<START>', '<END>']
        : /IMPROVED_VARIABLE/.test(ask)
          ? ['<IMPROVED_VARIABLE>', '</IMPROVED_VARIABLE>']
          : (() => {
              const m = /<([a-z_]+)>(?:(?!<\/?data)[\s\S]){0,60}<\/\1>/i.exec(ask);
              return m
                ? [`<${m[1]}>`, `</${m[1]}>`]
                : /```/.test(ask)
                  ? ['```', '```']
                  : r.u() < 0.3
                    ? ['```', '```']
                    : ['', ''];
            })();
    return {
      kind: fails ? 'reflect' : 'edit',
      mode,
      fails,
      text: `${tag[0] && r.u() < 0.15 ? 'Here is the improved prompt:\n\n' : ''}${tag[0]}${tag[0] ? '\n' : ''}${p}${tag[1] ? '\n' : ''}${tag[1]}`,
    };
  }
  const out = findings(w, r, q, limit);
  return {
    kind: 'critic',
    mode,
    fails,
    text: out
      .map(
        (f) =>
          `- ${f.cause} ${f.text || `Drop the sentence on it from the prompt.`}${f.ids.length && r.u() < 0.7 ? ` (see ${f.ids[0]})` : ''}`,
      )
      .join('\n'),
  };
}
