// Sealed worlds: hidden rules (topic, form), tasks, the simulated agent, and the referee. See run.js for how to use them.
export const hash = (...parts) => {
  const s = parts.join('\u0001');
  let a = 0xdeadbeef,
    b = 0x41c6ce57;
  for (let i = 0; i < s.length; i++) {
    const c = s.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
};
export const rng = (...parts) => {
  let t = hash(...parts) >>> 0;
  const next = () => {
    t = (t + 0x6d2b79f5) | 0;
    let r = Math.imul(t ^ (t >>> 15), 1 | t);
    r = (r + Math.imul(r ^ (r >>> 7), 61 | r)) ^ r;
    return ((r ^ (r >>> 14)) >>> 0) / 4294967296;
  };
  next();
  const f = {
    u: next,
    range: (a, b) => a + (b - a) * next(),
    int: (n) => Math.floor(next() * n),
    pick: (l) => l[Math.floor(next() * l.length)],
    shuffle: (l) => {
      const o = [...l];
      for (let i = o.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        [o[i], o[j]] = [o[j], o[i]];
      }
      return o;
    },
    weighted: (l, w) => {
      let x = next() * w.reduce((p, q) => p + q, 0);
      for (let i = 0; i < l.length; i++) {
        x -= w[i];
        if (x < 0) return l[i];
      }
      return l[l.length - 1];
    },
  };
  return f;
};

// Subjects: how advice calls them (any of the names); tasks use one of them or a code word of the world.
export const TOPICS =
  `consignee|receiving party;haulier|carrier firm;crate tint|colour of the crate;loading bay|dock door;pallet mark|pallet tag;seal keeper|custodian of the seal
port of call|stopover harbour;vessel|ship;skipper|master of the ship;insurer|underwriter;broker|intermediary;warehouse|storehouse;shelf|rack position;forklift driver|truck operator
tariff heading|duty class;inspector|examining officer;courier|dispatch rider;return address|sender address;packaging|wrapping;fuel grade|petrol type;buyer|purchaser;vendor|supplier
escrow agent|deposit holder;voucher|coupon;cost centre|budget unit;payee|person paid;auditor|books examiner;ledger|account book;lease holder|tenant;guarantor|bondsman
ward|hospital unit;physician|attending doctor;remedy|medication;allergy|intolerance;next of kin|closest relative;therapist|rehab trainer;specimen|lab sample;ambulance crew|rescue team;diet plan|meal scheme;pharmacy|dispensary
tutor|course mentor;module title|course name;lecture hall|auditorium;thesis topic|dissertation theme;bursary|study grant;dormitory|student residence;librarian|book steward;lab partner|bench mate;exam hall|test room;field trip|excursion
chef|head cook;main dish|principal course;wine label|vintage;table spot|seating place;host|maitre;banquet theme|feast motto;florist|flower dealer;band|music group;room key|door pass;spa package|wellness bundle
breeder|stock farmer;seed lot|grain batch;orchard|fruit grove;tractor|field engine;irrigation valve|water gate;herd mark|livestock brand;silo|grain tower;beekeeper|apiarist;fence post|boundary stake;vet|animal doctor
curator|exhibit keeper;sculptor|stone artist;gallery wing|museum annex;frame maker|framer;pigment|paint base;donor|benefactor`
    .split(/[;\n]/)
    .map((l, id) => ({ id, names: l.split('|') }));

const up = (s) => [...s].reverse().join('');
// Forms: group, wordings, and what they do to the value "first second 27". All of them change letters or digits, not case or punctuation only.
export const FORMS = [
  [
    'order',
    ['with the second word before the first', 'with both words swapped', 'second word first'],
    (a, b, n) => `${b} ${a} ${n}`,
  ],
  [
    'order',
    ['with the figure at the front', 'figure leading', 'opening with the figure'],
    (a, b, n) => `${n} ${a} ${b}`,
  ],
  [
    'order',
    ['with the figure between the words', 'figure in the middle', 'words around the figure'],
    (a, b, n) => `${a} ${n} ${b}`,
  ],
  [
    'digits',
    [
      'with the figure padded to four digits',
      'figure zero-filled to four places',
      'using leading zeros up to four digits',
    ],
    (a, b, n) => `${a} ${b} 00${n}`,
  ],
  [
    'digits',
    ['with the digits reversed', 'digits backwards', 'digits from right to left'],
    (a, b, n) => `${a} ${b} ${up(n)}`,
  ],
  [
    'digits',
    ['with the figure given twice', 'figure doubled up', 'repeating the figure'],
    (a, b, n) => `${a} ${b} ${n} ${n}`,
  ],
  ['digits', ['without the figure', 'figure left off', 'omitting the figure'], (a, b) => `${a} ${b}`],
  ['short', ['as initials plus figure', 'abbreviated to initials', 'initials only'], (a, b, n) => `${a[0]}${b[0]}${n}`],
  [
    'short',
    ['without vowels', 'vowels struck out', 'consonants only'],
    (a, b, n) => `${(`${a} ${b}`).replace(/[aeiou]/g, '')} ${n}`,
  ],
  [
    'short',
    ['with the first word alone', 'second word dropped', 'leaving out the second word'],
    (a, _b, n) => `${a} ${n}`,
  ],
  [
    'short',
    ['with the last word alone', 'first word dropped', 'leaving out the first word'],
    (_a, b, n) => `${b} ${n}`,
  ],
  ['marker', ['led by the word ref', 'prefixed ref', 'putting ref ahead of it'], (a, b, n) => `ref ${a} ${b} ${n}`],
  ['marker', ['closed by the word ok', 'suffixed ok', 'putting ok behind it'], (a, b, n) => `${a} ${b} ${n} ok`],
  [
    'marker',
    ['with nr before the figure', 'figure marked nr', 'inserting nr ahead of the figure'],
    (a, b, n) => `${a} ${b} nr ${n}`,
  ],
].map(([group, words, make], id) => ({ id, group, words, make }));
export const VAGUE = {
  order: ['in another order', 'rearranged'],
  digits: ['with the figure handled differently', 'adjusting how the figure is written'],
  short: ['in a shorter form', 'more briefly'],
  marker: ['with a marker', 'flagged in some way'],
};
export const DECOYS =
  `Be concise and avoid filler|Explain your reasoning before you answer|Always answer in a friendly tone|Double-check every detail|Use complete sentences|Mention anything that is missing
Ask for clarification when in doubt|Keep the original wording of the record|Add a short summary at the end|Use formal language|Prioritise accuracy over speed|Treat every record with the same care
Take the perspective of the customer|Translate foreign terms|Never leave out information|Stay strictly within the given facts|Show all alternatives|Simplify wherever possible
Pay attention to edge cases|Follow best practice for data entry|Think step by step|Report the confidence of each value|Correct obvious typing errors|Write for a lay reader`.split(
    /[|\n]/,
  );
export const FRAMES = [
  'You are a clerk who files case records',
  'You are a meticulous registrar of incoming cases',
  'Act as the archive desk of a large office',
  'Your job is to turn raw notes into filed records',
  'You normalise case notes for a registry',
  'As a senior records officer you prepare entries',
  'Treat each message as a note to be registered',
  'You work as a transcription service for case files',
  'Imagine you are the quality desk for records',
  'You convert notes to house style',
  'The following house rules govern each record',
  'You are an expert in record keeping',
];
const CATEGORIES = ['freight', 'medical', 'campus', 'estate'];
const WORDS =
  `amber basil cedar delta ember fjord grove hazel indigo jasper kelp lunar maple nectar onyx pearl quartz raven saffron tulip umber velvet willow yarrow zephyr almond birch copper dune elm fern garnet harbor iris juniper
lagoon meadow nimbus orchid pebble ridge silver thistle valley walnut acorn breeze canyon dahlia eagle falcon ginger heron ivory kestrel lilac marble nutmeg otter poplar reed sable timber urchin violet wren`.split(
    /\s+/,
  );

const BASE = {
  k: [20, 36],
  zipf: [0.6, 1.1],
  honour: 1,
  slip: [0.015, 0.05],
  overlap: 0.6,
  c: [0.75, 0.9],
  load: [0.05, 0.15],
  cite: [0.8, 0.95],
  vague: [0.08, 0.2],
  anew: false,
  json: true,
  labelled: 0.5,
};
export const FAMILIES = {
  plain: {},
  'words-anew': { anew: true },
  'whole-rewrites': { frames: true },
  interact: { interact: true },
  order: { order: true },
  nothing: { nothing: true },
  noisy: { slip: [0.28, 0.32] },
  'weak-rules': { honour: 0.75 },
  'strong-seed': { strong: true },
  'harmful-seed': { harmful: true },
  'long-tail': { k: [60, 60], zipf: [0.45, 0.65] },
  'wrong-citations': { cite: [0.15, 0.3] },
  'low-overlap': { overlap: 0, labelled: 0 },
  'plain-text': { json: false },
  scoped: { scoped: true },
  'poor-critic': { c: [0.4, 0.5], load: [0.2, 0.3] },
};

export function makeWorld(family, seed) {
  const o = { ...BASE, ...FAMILIES[family] };
  const r = rng('world-7f', family, seed);
  const v = (x) => (Array.isArray(x) ? r.range(...x) : x);
  const w = {
    family,
    seed,
    secret: `${family}/${seed}/${hash('secret', family, seed)}`,
    honour: o.honour,
    slip: v(o.slip),
    c: v(o.c),
    load: v(o.load),
    cite: v(o.cite),
    vague: v(o.vague),
    anew: o.anew,
    json: o.json,
    labelled: r.u() < o.labelled,
    L0: 24 + r.int(22),
    dilution: r.range(0.002, 0.006),
    drop: r.range(0.04, 0.08),
    nothing: o.nothing,
    order: o.order,
    scoped: o.scoped,
  };
  const k = Math.round(v(o.k)),
    z = v(o.zipf);
  const topics = r.shuffle(TOPICS);
  w.names = {};
  for (const t of TOPICS) {
    const code =
      r.pick(['zo', 'ka', 'vu', 'pe', 'mi', 'tra', 'qui', 'xo']) +
      r.pick(['rv', 'lt', 'mp', 'nk', 'sk', 'dd']) +
      r.pick(['a', 'o', 'i', 'u']) +
      t.id;
    w.names[t.id] = r.u() < o.overlap ? r.pick(t.names) : code;
  }
  w.rules = topics.slice(0, k).map((t, i) => ({
    topic: t.id,
    form: r.int(FORMS.length),
    weight: 1 / (i + 1) ** z,
    u: r.range(0.05, 0.5),
    stated: 0.96,
    special: null,
    partner: null,
    after: null,
  }));
  w.plainTopics = topics.slice(k, k + 8).map((t) => t.id);
  if (o.scoped)
    for (const x of w.rules)
      if (r.u() < 0.5) {
        let f;
        do f = r.int(FORMS.length);
        while (f === x.form);
        x.special = { category: r.pick(CATEGORIES), form: f };
      }
  if (o.interact)
    w.rules.forEach((x, i) => {
      if (i && r.u() < 0.5) x.partner = w.rules[Math.max(0, i - 1 - r.int(3))].topic;
    });
  if (o.order) {
    const rank = r.shuffle(w.rules);
    rank.forEach((x, i) => {
      if (i && r.u() < 0.7) x.after = rank[r.int(i)].topic;
    });
    w.rank = rank.map((x) => x.topic);
  }
  w.byTopic = Object.fromEntries(w.rules.map((x) => [x.topic, x]));
  w.decoys = DECOYS.map(() => (r.u() < 0.5 ? { share: r.range(0.2, 0.5), factor: r.range(0.4, 0.8) } : null));
  w.frames = FRAMES.map((_, i) =>
    o.frames ? (i === 0 ? 0.25 : r.u() < 0.4 ? 1 : r.range(0.2, 0.6)) : i === 0 ? 1 : r.range(0.95, 1),
  );
  w.noFrame = o.frames ? 0.25 : 0.97;
  if (o.frames) w.frames[1 + r.int(11)] = 1;
  const used = new Set();
  const item = (part) => {
    let no;
    do no = 1000 + r.int(9000);
    while (used.has(no));
    used.add(no);
    const n = r.weighted([0, 1, 2, 3], [0.09, 0.36, 0.36, 0.19]);
    const set = new Set();
    while (set.size < n)
      set.add(
        r.weighted(
          w.rules,
          w.rules.map((x) => x.weight),
        ).topic,
      );
    if (n === 0 || r.u() < 0.2) set.add(r.pick(w.plainTopics));
    const category = r.pick(CATEGORIES);
    const slots = r.shuffle([...set]).map((topic) => {
      const a = r.pick(WORDS);
      let b;
      do b = r.pick(WORDS);
      while (b === a);
      let d1 = 1 + r.int(9),
        d2;
      do d2 = 1 + r.int(9);
      while (d2 === d1);
      const rule = w.byTopic[topic];
      const form = !rule
        ? -1
        : o.nothing
          ? r.int(FORMS.length)
          : rule.special && rule.special.category === category
            ? rule.special.form
            : rule.form;
      return { topic, value: [a, b, `${d1}${d2}`], form, q: r.range(0.1, 0.55) };
    });
    const it = { no, part, category, slots };
    it.input = `Case ${no} (${category}). ${r.pick(['Please file', 'To be recorded', 'Note for the registry', 'Enter this'])}: ${slots.map((s) => `${w.names[s.topic]} ${s.value.join(' ')}`).join('; ')}.`;
    it.expected = answer(
      w,
      it,
      slots.map((s) => s.form),
    );
    return it;
  };
  w.items = [...Array.from({ length: 160 }, () => item('train')), ...Array.from({ length: 100 }, () => item('test'))];
  w.byNo = new Map(w.items.map((i) => [i.no, i]));
  w.seedPrompt = seedPrompt(w, o, r);
  return w;
}
export const shape = (form, [a, b, n]) => (form < 0 ? `${a} ${b} ${n}` : FORMS[form].make(a, b, n));
export const answer = (w, it, forms) =>
  `Case ${it.no}: ${it.slots.map((s, i) => (w.labelled ? `${w.names[s.topic]} ` : '') + shape(forms[i], s.value)).join(' | ')}`;
export const say = (topic, form, category, wording = 0) =>
  `Write the ${TOPICS[topic].names[0]} ${FORMS[form].words[wording]}${category ? ` in ${category} cases` : ''}.`;
const oracleLines = (w) => {
  const list = w.order ? w.rank.map((t) => w.byTopic[t]) : w.rules;
  return list.flatMap((x) => [
    say(x.topic, x.form),
    ...(x.special ? [say(x.topic, x.special.form, x.special.category)] : []),
  ]);
};
export const oracle = (w) =>
  [`${FRAMES[w.frames.indexOf(Math.max(...w.frames))]}.`, 'Answer with one line per case.', ...oracleLines(w)].join(
    '\n',
  );
function seedPrompt(w, o, r) {
  const head = [`${FRAMES[0]}.`, 'Answer with one line per case.'];
  if (o.strong) for (const x of w.rules.slice(0, Math.ceil(w.rules.length * 0.4))) head.push(say(x.topic, x.form));
  if (o.harmful) {
    for (const x of r.shuffle(w.rules.slice(0, 10)).slice(0, 5)) {
      let f;
      do f = r.int(FORMS.length);
      while (f === x.form);
      head.push(say(x.topic, f));
    }
    for (const i of r.shuffle(DECOYS.map((_, i) => i).filter((i) => w.decoys[i])).slice(0, 2))
      head.push(`${DECOYS[i]}.`);
  }
  return head.join('\n');
}

// ---- what a text says
const esc = (s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const alt = (pairs) => {
  const list = pairs.sort((a, b) => b[0].length - a[0].length);
  return { re: new RegExp(`\\b(${list.map((p) => esc(p[0])).join('|')})\\b`, 'g'), map: new Map(list) };
};
const topicRe = alt(TOPICS.flatMap((t) => t.names.map((n) => [n, t.id])));
const formRe = alt([
  ...FORMS.flatMap((f) => f.words.map((x) => [x.toLowerCase(), { form: f.id, group: f.group }])),
  ...Object.entries(VAGUE).flatMap(([g, l]) => l.map((x) => [x, { form: -1, group: g }])),
]);
const finds = ({ re, map }, s) =>
  [...s.matchAll(re)].map((m) => ({ at: m.index, end: m.index + m[0].length, v: map.get(m[1]) }));
export const clauses = (text) =>
  text
    .replace(/\\n/g, '\n')
    .split(/\n+|(?<=[.;!?])\s+/)
    .map((s) => s.replace(/^[\s>*#\-•\d.)(\]]+(?=\S)/, '').trim())
    .filter((s) => s.split(/\s+/).length >= 3);
export function statementsOf(clause) {
  const s = clause.toLowerCase().replace(/\s+/g, ' ');
  const forms = finds(formRe, s);
  if (!forms.length || /\b(do not|don't|never|avoid|stop)\b/.test(s.slice(0, forms[0].at))) return [];
  const topics = finds(topicRe, s).filter((t) => !forms.some((f) => t.at >= f.at && t.end <= f.end));
  const category = CATEGORIES.find((c) => new RegExp(`\\b${c} (cases|records|notes)\\b`).test(s)) ?? null;
  return topics.map((t) => {
    const f = forms.reduce((p, q) => (Math.abs(q.at - t.at) < Math.abs(p.at - t.at) ? q : p));
    return { topic: t.v, ...f.v, category };
  });
}
const parseCache = new Map();
export function parse(text) {
  const hit = parseCache.get(text);
  if (hit) return hit;
  const list = clauses(text),
    low = text.toLowerCase().replace(/\s+/g, ' ');
  const out = {
    statements: list.flatMap(statementsOf),
    count: list.length,
    decoys: DECOYS.map((d, i) => (low.includes(d.toLowerCase()) ? i : -1)).filter((i) => i >= 0),
    frame:
      FRAMES.map((f, i) => [low.indexOf(f.toLowerCase()), i])
        .filter((x) => x[0] >= 0)
        .sort((a, b) => a[0] - b[0])[0]?.[1] ?? -1,
  };
  if (parseCache.size > 3000) parseCache.clear();
  parseCache.set(text, out);
  return out;
}
const semantics = (w, p) =>
  JSON.stringify([
    w.order ? p.statements : [...new Set(p.statements.map((s) => JSON.stringify(s)))].sort(),
    p.decoys,
    p.frame,
    Math.max(0, p.count - w.L0),
  ]);

// ---- probability that the agent gets each slot right under a prompt
function slotP(w, p, it, s) {
  const rule = w.byTopic[s.topic];
  if (w.nothing && rule) return s.q;
  const lift =
    (w.frames[p.frame] ?? w.noFrame) * w.honour * Math.max(0.5, 1 - w.dilution * Math.max(0, p.count - w.L0));
  let said = p.statements.filter((x) => x.topic === s.topic && (!x.category || x.category === it.category));
  if (said.some((x) => x.category)) said = said.filter((x) => x.category);
  const base = rule ? rule.u : 0.97;
  if (!said.length) return base;
  const one = (x) => {
    if (x.form < 0)
      return rule && s.form >= 0 && FORMS[s.form].group === x.group
        ? base + (0.96 - base) * 0.6 * lift
        : base * (1 - 0.4 * lift);
    if (x.form !== s.form) return base * (1 - 0.95 * lift);
    let k = lift;
    if (
      rule.partner !== null &&
      !p.statements.some((y) => y.topic === rule.partner && y.form === w.byTopic[rule.partner].form)
    )
      k *= 0.25;
    if (rule.after !== null) {
      const mine = p.statements.findIndex((y) => y.topic === s.topic),
        first = p.statements.findIndex((y) => y.topic === rule.after);
      if (first > mine) k *= 0.4;
    }
    return base + (rule.stated - base) * k;
  };
  const exact = said.filter((x) => x.form >= 0),
    use = [...new Map((exact.length ? exact : said).map((x) => [`${x.form}${x.group}`, x])).values()];
  return use.reduce((a, x) => a + one(x), 0) / use.length;
}
const globalP = (w, p, it) =>
  (1 - w.slip) *
  p.decoys.reduce(
    (a, d) => (w.decoys[d] && rng(w.secret, 'hurt', d, it.no).u() < w.decoys[d].share ? a * w.decoys[d].factor : a),
    1,
  );
export function itemP(w, text, it) {
  const p = parse(text);
  if (text.includes(it.expected)) return 0.97;
  return it.slots.reduce((a, s) => a * slotP(w, p, it, s), globalP(w, p, it));
}
/** Exact expected score on the 100 test items (or another part). */
export const referee = (w, text, part = 'test') => {
  const l = w.items.filter((i) => i.part === part);
  return l.reduce((a, i) => a + itemP(w, text, i), 0) / l.length;
};

/** The simulated agent: a pure function of (world, meaning of the prompt, case, replicate). */
export function agent(w, prompt, user, rep) {
  const nos = [...user.matchAll(/Case (\d{4})/g)].map((m) => Number(m[1])).filter((n) => w.byNo.has(n));
  if (!nos.length) return 'Which case do you mean?';
  const it = w.byNo.get(nos[nos.length - 1]),
    p = parse(prompt);
  const r = rng(w.secret, 'agent', semantics(w, p), it.no, rep);
  const known = prompt.includes(it.expected);
  const forms = it.slots.map((s) => {
    const x = r.u(),
      d = r.u(),
      f = r.int(FORMS.length);
    if (known || x < slotP(w, p, it, s)) return s.form;
    const told = p.statements.filter((y) => y.topic === s.topic && y.form >= 0 && y.form !== s.form);
    if (told.length) return told[f % told.length].form;
    if (s.form >= 0 && d < 0.65) return -1;
    return f === s.form ? (s.form < 0 ? 0 : -1) : f;
  });
  const out = answer(w, it, forms),
    g = r.u(),
    style = r.int(4);
  if (known || g < globalP(w, p, it)) return out;
  const cut = out.split(' | ');
  return [
    `Here is what I noted, though I am not certain: ${out}`,
    cut.length > 1 ? cut.slice(0, -1).join(' | ') : `${out} pending`,
    `${out} (to be confirmed)`,
    `I would file this as ${out}, thank you.`,
  ][style];
}
