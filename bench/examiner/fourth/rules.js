// Rule templates of the "record desk": a rule is a template with an argument; the same template with another argument is wrong.
const pad = (n) => String(n).padStart(2, '0');
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const FIRST = ['Anna', 'Boris', 'Clara', 'Dmitri', 'Elena', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Karin', 'Luis'];
const LAST = [
  'Meier',
  'Novak',
  'Ortiz',
  'Petrov',
  'Quinn',
  'Rossi',
  'Schulz',
  'Tanaka',
  'Ueda',
  'Vogel',
  'Wagner',
  'Young',
];
const COUNTRY = [
  ['Germany', 'DE', 'DEU', '49'],
  ['France', 'FR', 'FRA', '33'],
  ['Spain', 'ES', 'ESP', '34'],
  ['Italy', 'IT', 'ITA', '39'],
  ['Japan', 'JP', 'JPN', '81'],
  ['Poland', 'PL', 'POL', '48'],
];
const ITEM = ['pump', 'lamp', 'chair', 'router', 'kettle', 'drill', 'scanner', 'heater'];

/** Formats: o = words for the object (en, de), stems = how it is recognised, args = {id: [phrases, recogniser, writer]} */
export const FORMATS = {
  date: {
    o: ['dates', 'the date', 'every date'],
    de: 'Datumsangaben',
    stems: /\bdat(e|um|en|es)|\bday\b/i,
    draw: (r) => [r.int(1, 28), r.int(0, 11), r.int(2019, 2025)],
    tell: ([d, m, y]) => `It happened on ${MONTHS[m]} ${d}, ${y}.`,
    naive: ([d, m, y]) => `${d} ${MONTHS[m]} ${y}`,
    args: {
      iso: [
        ['YYYY-MM-DD', 'ISO 8601, year first'],
        /yyyy-mm-dd|\biso\b|iso.?8601|year first|jjjj-mm/i,
        ([d, m, y]) => `${y}-${pad(m + 1)}-${pad(d)}`,
      ],
      dmy: [
        ['DD.MM.YYYY', 'day.month.year with two digits each'],
        /dd[./]mm|day\.month|tt\.mm/i,
        ([d, m, y]) => `${pad(d)}.${pad(m + 1)}.${y}`,
      ],
      mon: [
        ['DD-MON-YY with a three-letter month', 'a two-digit day, a three-letter month and a two-digit year'],
        /three-letter month|dd-mon/i,
        ([d, m, y]) => `${pad(d)}-${MONTHS[m].slice(0, 3).toUpperCase()}-${String(y).slice(2)}`,
      ],
    },
  },
  amount: {
    o: ['amounts of money', 'the amount', 'sums of money'],
    de: 'Geldbeträge',
    stems: /amount|money|sum\b|sums\b|price|geldbetr|betr[aä]g/i,
    draw: (r) => r.int(110, 9900),
    tell: (c) => `The bill was ${(c / 100).toFixed(2)} euros.`,
    naive: (c) => `${(c / 100).toFixed(2)} euros`,
    args: {
      cents: [['whole cents', 'a number of cents'], /\bcents?\b/i, (c) => `${c} cents`],
      code: [
        ['the currency code EUR and then the number', 'EUR 12.50, code first'],
        /\beur\b|currency code|code first/i,
        (c) => `EUR ${(c / 100).toFixed(2)}`,
      ],
      round: [
        ['full euros, rounded up', 'rounded up to the next full euro'],
        /round|full euro/i,
        (c) => `${Math.ceil(c / 100)} full`,
      ],
    },
  },
  person: {
    o: ['names of people', 'the name', 'personal names'],
    de: 'Personennamen',
    stems: /\bnames?\b|person/i,
    draw: (r) => [r.pick(FIRST), r.pick(LAST)],
    tell: ([f, l]) => `Reported by ${f} ${l}.`,
    naive: ([f, l]) => `${f} ${l}`,
    args: {
      last: [
        ['surname first, then the given name', 'surname followed by given name'],
        /surname (first|follow)|last name first|family name first|nachname zuerst/i,
        ([f, l]) => `${l} ${f}`,
      ],
      initial: [
        ['the initial and the surname', 'initial of the given name plus surname'],
        /initial/i,
        ([f, l]) => `${f[0]}. ${l}`,
      ],
      only: [['the surname alone', 'surname only'], /surname (alone|only)|only the surname/i, ([, l]) => l],
    },
  },
  time: {
    o: ['times of day', 'the time', 'clock times'],
    de: 'Uhrzeiten',
    stems: /\btimes?\b|clock|uhrzeit/i,
    draw: (r) => [r.int(13, 23), r.int(0, 59)],
    tell: ([h, m]) => `The call came at ${h - 12}:${pad(m)} in the evening.`,
    naive: ([h, m]) => `${h - 12}:${pad(m)} pm`,
    args: {
      h24: [
        ['24-hour clock, HH:MM', 'HH:MM on the 24-hour clock'],
        /24.?h|24-hour|hh:mm/i,
        ([h, m]) => `${h}:${pad(m)}`,
      ],
      minutes: [
        ['minutes since midnight', 'the number of minutes after midnight'],
        /midnight/i,
        ([h, m]) => `${h * 60 + m} min`,
      ],
    },
  },
  country: {
    o: ['countries', 'the country', 'country names'],
    de: 'Länder',
    stems: /countr|l[aä]nder/i,
    draw: (r) => r.pick(COUNTRY),
    tell: (c) => `The customer lives in ${c[0]}.`,
    naive: (c) => c[0],
    args: {
      a2: [['two-letter codes', 'a two-letter country code'], /two-letter|alpha-2|zwei buchstaben/i, (c) => c[1]],
      a3: [['three-letter codes', 'a three-letter country code'], /three-letter|alpha-3/i, (c) => c[2]],
      dial: [['the dialling code', 'its telephone dialling code'], /dial/i, (c) => `00${c[3]}`],
    },
  },
  urgency: {
    o: ['urgency', 'the urgency', 'urgency levels'],
    de: 'Dringlichkeit',
    stems: /urgen|dringlich/i,
    draw: (r) => r.int(0, 2),
    tell: (u) => ['This can wait for weeks.', 'Some time this week would do.', 'This must be solved at once.'][u],
    naive: (u) => ['low', 'medium', 'high'][u],
    args: {
      p: [['P1, P2 or P3 with P1 as the worst', 'one of P1, P2, P3'], /\bp1\b/i, (u) => `P${3 - u}`],
      colour: [
        ['green, yellow or red', 'a colour: green, yellow, red'],
        /colou?r|yellow/i,
        (u) => ['green', 'yellow', 'red'][u],
      ],
      num: [
        ['a number from 10 (can wait) to 30 (at once)', 'the numbers 10, 20 or 30'],
        /\b30\b/i,
        (u) => `${10 + 10 * u}`,
      ],
    },
  },
  flag: {
    o: ['the warranty field', 'warranty'],
    de: 'Garantie',
    stems: /warrant|garantie/i,
    draw: (r) => r.int(0, 1),
    tell: (w) => (w ? 'The warranty still runs.' : 'The warranty has run out.'),
    naive: (w) => (w ? 'yes' : 'no'),
    args: {
      bool: [['true or false', 'the words true and false'], /\btrue\b/i, (w) => String(Boolean(w))],
      word: [['VALID or EXPIRED', 'one of VALID and EXPIRED'], /expired/i, (w) => (w ? 'VALID' : 'EXPIRED')],
    },
  },
  share: {
    o: ['percentages', 'shares', 'the share'],
    de: 'Anteile',
    stems: /percentage|\bshares?\b|anteil/i,
    draw: (r) => r.int(2, 19) * 5,
    tell: (p) => `The tank was ${p} percent full.`,
    naive: (p) => `${p} percent`,
    args: {
      frac: [
        ['decimal fractions of one', 'a fraction between 0 and 1'],
        /fraction|between 0 and 1/i,
        (p) => (p / 100).toFixed(2),
      ],
      left: [
        ['what is missing to one hundred', 'the missing part, one hundred minus the figure'],
        /missing|minus/i,
        (p) => `${100 - p}`,
      ],
    },
  },
  item: {
    o: ['products', 'the product', 'product names'],
    de: 'Produkte',
    stems: /product|produkt/i,
    draw: (r) => [r.pick(ITEM), r.int(100, 999)],
    tell: ([n, k]) => `It is about the ${n}, model ${k}.`,
    naive: ([n, k]) => `${n} ${k}`,
    args: {
      sku: [
        ['SKU, the first three letters and the model number', 'a SKU code of three letters and the model number'],
        /\bsku\b/i,
        ([n, k]) => `SKU${n.slice(0, 3).toUpperCase()}${k}`,
      ],
      model: [
        ['the model number alone', 'only the model number'],
        /(model number alone|only the model)/i,
        ([, k]) => `${k}`,
      ],
    },
  },
  length: {
    o: ['lengths', 'the length', 'cable lengths'],
    de: 'Längen',
    stems: /length|l[aä]nge/i,
    draw: (r) => r.int(11, 99),
    tell: (l) => `The cable is ${(l / 10).toFixed(1)} metres long.`,
    naive: (l) => `${(l / 10).toFixed(1)} metres`,
    args: {
      cm: [['centimetres', 'cm'], /centimet|\bcm\b/i, (l) => `${l * 10} cm`],
      mm: [['millimetres', 'mm'], /millimet|\bmm\b/i, (l) => `${l * 100} mm`],
    },
  },
  gap: {
    o: ['missing details', 'details that the note does not give', 'unknown fields'],
    de: 'Fehlende Angaben',
    stems: /missing detail|not give|unknown field|fehlende/i,
    draw: () => 0,
    tell: () => 'No serial was given.',
    naive: () => 'not given',
    args: {
      ask: [['ASK CUSTOMER', 'the words ASK CUSTOMER'], /ask customer/i, () => 'ASK CUSTOMER'],
      zero: [['0000', 'four zeros'], /0000|four zeros/i, () => '0000'],
    },
  },
  channel: {
    o: ['the channel', 'channels'],
    de: 'Kanäle',
    stems: /channel|kan[aä]l/i,
    draw: (r) => r.pick(['phone', 'letter', 'chat']),
    tell: (c) => ({ phone: 'She rang us.', letter: 'It came by post.', chat: 'He wrote in the chat.' })[c],
    naive: (c) => c,
    args: {
      letter: [
        ['the single letters T, L or C', 'one letter: T for phone, L for letter, C for chat'],
        /\bt\b.*\bl\b.*\bc\b|t for phone/i,
        (c) => ({ phone: 'T', letter: 'L', chat: 'C' })[c],
      ],
      inb: [['INBOUND followed by the channel', 'the word INBOUND and the channel'], /inbound/i, (c) => `INBOUND ${c}`],
    },
  },
};
const GROUP = ['people', 'stores', 'north', 'south', 'night', 'tower', 'harbour', 'garden', 'bridge', 'copper'];
export const TOPICS = [
  ['broken glass', /glass/i, 'The glass arrived broken.'],
  ['late parcels', /late parcel|delay|parcel/i, 'The parcel is a week late.'],
  ['double charges', /double charge|charged twice/i, 'The card was charged twice.'],
  ['lost passwords', /password/i, 'He cannot remember his password.'],
  ['noise', /nois/i, 'The machine makes a terrible noise.'],
  ['leaks', /leak/i, 'Water is leaking on the floor.'],
  ['returns', /return/i, 'She wants to send it back as a return.'],
  ['invoices', /invoice/i, 'The invoice has the wrong address.'],
  ['allergies', /allerg/i, 'A guest asked about allergies.'],
  ['keys', /\bkeys?\b/i, 'The key does not fit the lock.'],
  ['batteries', /batter/i, 'The battery is empty after an hour.'],
  ['subscriptions', /subscription/i, 'He wants to end the subscription.'],
  ['visitors', /visitor/i, 'Three visitors are coming on Monday.'],
  ['translations', /translation/i, 'The translation of the manual is wrong.'],
  ['recalls', /recall/i, 'She heard of a recall on the radio.'],
  ['gift cards', /gift card/i, 'The gift card was refused.'],
];
const _deskOf = (k) => GROUP[k % GROUP.length];

const FRAMES = [
  'Write {o} as {a}.',
  '{O} must be given as {a}.',
  'For {o}, use {a}.',
  'Always put {o} in this form: {a}.',
  'When the record contains {o}, give {a}.',
  'Make sure that {o} appear as {a}.',
  'The field for {o} takes {a}.',
];
const DE = ['{o} immer so angeben: {a}.', '{o} als {a} schreiben.'];
const ROUTES = [
  'Send cases about {t} to the {d} desk.',
  'For {t} the desk is {d}.',
  'If a note is about {t}, enter {d} as the desk.',
  'The {d} desk handles {t}.',
  'Notes on {t} belong to {d}.',
  'Whenever {t} come up, choose the desk {d}.',
];
const ROUTES_DE = ['Fälle zu {t} gehen an den Platz {d}.', 'Bei {t} ist der Platz {d}.'];
const cap = (s) => s[0].toUpperCase() + s.slice(1);

/** A format rule: hidden argument `arg`. */
export function formatRule(id, arg) {
  const f = FORMATS[id];
  const say = (r, { german = false, wrong = false } = {}) => {
    const keys = Object.keys(f.args).filter((k) => k !== arg);
    const a = r.pick(f.args[wrong ? r.pick(keys) : arg][0]);
    if (german) return r.pick(DE).replace('{o}', f.de).replace('{a}', a);
    const o = r.pick(f.o);
    return r.pick(FRAMES).replace('{o}', o).replace('{O}', cap(o)).replace('{a}', a);
  };
  const reads = (s) => {
    if (!f.stems.test(s)) return null;
    for (const [k, v] of Object.entries(f.args)) if (v[1].test(s)) return k === arg ? 1 : -1;
    return 0.15;
  };
  return {
    id,
    key: id,
    kind: 'format',
    say,
    reads,
    draw: f.draw,
    tell: f.tell,
    naive: f.naive,
    right: f.args[arg][2],
    other: Object.entries(f.args)
      .filter(([k]) => k !== arg)
      .map(([, v]) => v[2]),
  };
}
/** A routing rule: cases of topic t go to a desk that nobody can guess. */
export function routeRule(t, desk, desks) {
  const [name, stem, tell] = TOPICS[t];
  const say = (r, { german = false, wrong = false } = {}) =>
    r
      .pick(german ? ROUTES_DE : ROUTES)
      .replace('{t}', name)
      .replace('{d}', wrong ? r.pick(desks.filter((d) => d !== desk)) : desk);
  const reads = (s) => {
    if (!stem.test(s)) return null;
    const found = desks.filter((d) => new RegExp(`\\b${d}\\b`, 'i').test(s));
    return found.includes(desk) ? 1 : found.length ? -1 : null;
  };
  return {
    id: `topic-${t}`,
    key: 'desk',
    kind: 'route',
    topic: name,
    say,
    reads,
    draw: () => 0,
    tell: () => tell,
    naive: () => 'general',
    right: () => desk,
    other: desks.filter((d) => d !== desk).map((d) => () => d),
  };
}
export const deskNames = GROUP;
