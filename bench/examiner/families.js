const names = [
  'Maria Keller',
  'John Smith',
  'Aiko Tanaka',
  'Pedro Alvarez',
  'Lena Novak',
  'Omar Haddad',
  'Ines Costa',
  'Paul Weber',
  'Nora Lind',
  'Ivan Petrov',
  'Sara Rossi',
  'Tom Baker',
  'Uma Patel',
  'Erik Olsen',
  'Chloe Martin',
];
const goods = [
  'pears',
  'apples',
  'zinc nails',
  'hammers',
  'rope',
  'candles',
  'soap',
  'lamps',
  'mugs',
  'batteries',
  'tape',
  'boots',
  'paint',
];
const q = (id, kw, say, o = {}) => ({ id, kw, say, u: 0.06, s: 0.95, ...o });
// ---------- domains: rules and tasks
const tickets = (r) => {
  const cats = [
    [
      'refund',
      ['I want my money back for the', 'Please return my payment for the', 'When do I get the refund for the'],
    ],
    ['shipping', ['Where is my parcel with the', 'The courier never came with the', 'Tracking does not move for the']],
    [
      'warranty',
      ['The motor died within a year in the', 'It broke under guarantee, the', 'After eight months it fails, my'],
    ],
    [
      'invoice',
      [
        'The VAT number is missing on the bill for the',
        'Please send a corrected bill for the',
        'The invoice shows the wrong name for the',
      ],
    ],
    ['cancel', ['Please cancel my order of the', 'I changed my mind about the', 'Stop the order, I do not need the']],
    [
      'account',
      [
        'I cannot log in to see the order of the',
        'Password reset fails, I need to track the',
        'My account is locked since I ordered the',
      ],
    ],
    [
      'complaint',
      [
        'Your staff was rude when I bought the',
        'I am very unhappy with the service around the',
        'Nobody answers my letters about the',
      ],
    ],
    ['bulk', ['We are a school and want 200 of the', 'Quote for 500 pieces please, the', 'Our firm needs 80 of the']],
    ['press', ['I write for a newspaper about the', 'For our magazine I review the', 'A podcast episode covers the']],
    ['safety', ['It gave me an electric shock, the', 'Smoke came out of the', 'It burnt my hand, the']],
  ];
  const codes = r.shuf([
    'FIN-2',
    'LOG-7',
    'TEC-1',
    'ACC-4',
    'CRM-9',
    'SEC-3',
    'HOT-0',
    'KEY-5',
    'PRX-8',
    'RED-6',
    'ALF-11',
    'ZUM-12',
  ]);
  const syn = {
    refund: ['refund', 'money back'],
    shipping: ['shipping', 'parcel', 'delivery', 'shipment'],
    warranty: ['warranty', 'guarantee'],
    invoice: ['invoice', 'bill'],
    cancel: ['cancel'],
    account: ['login', 'account', 'log in'],
    complaint: ['complaint', 'complain', 'unhappy'],
    bulk: ['bulk', 'large order', 'many pieces'],
    press: ['press', 'journalis', 'media'],
    safety: ['safety', 'injur', 'danger'],
  };
  const rules = [
    ...cats.map(([c], i) =>
      q(
        c,
        [syn[c], [codes[i]]],
        `{Label|Mark|Classify} {${syn[c].slice(0, 2).join('|')}} {tickets|messages|requests} {as|with} ${codes[i]}.`,
        {
          wrong: {
            kw: [syn[c], [codes[(i + 5) % 12 === i ? 11 : (i + 1) % 10]]],
            say: `{Label|Mark} ${syn[c][0]} tickets as ${codes[(i + 1) % 10]}.`,
          },
        },
      ),
    ),
    q(
      'bare',
      [
        ['queue', 'label', 'code', 'answer'],
        ['nothing else', 'only', 'bare', 'no other'],
      ],
      '{Answer with the queue only|Give the queue code and nothing else}.',
      { u: 0.35 },
    ),
  ];
  return {
    rules,
    gen: (t) => {
      const i = Math.min(t.int(10), t.int(10));
      const [c, ph] = cats[i];
      return {
        input: `Ticket ${1000 + t.int(9000)} from ${t.pick(names)}: "${t.pick(ph)} ${t.pick(goods)}." Queue?`,
        slots: [
          { rule: 10, good: '', bad: 'The queue is ' },
          { rule: i, good: codes[i], bad: c.toUpperCase() },
        ],
        compose: (v) => v.join(''),
      };
    },
  };
};
const orders = (r) => {
  const D = r.pick([
    ['ISO 8601', ['iso', 'yyyy-mm-dd'], (y, m, d) => `${y}-${p2(m)}-${p2(d)}`, '{in ISO 8601 form|as YYYY-MM-DD}'],
    ['dotted', ['dd.mm', 'dots'], (y, m, d) => `${p2(d)}.${p2(m)}.${y}`, '{as DD.MM.YYYY|as DD.MM.YYYY with dots}'],
    [
      'slashed',
      ['mm/dd', 'american', 'us style'],
      (y, m, d) => `${p2(m)}/${p2(d)}/${y}`,
      '{as MM/DD/YYYY|in US style MM/DD/YYYY}',
    ],
  ]);
  const wD = D[0] === 'dotted' ? ['iso', 'as YYYY-MM-DD (ISO)'] : ['dd.mm', 'as DD.MM.YYYY'];
  const sep = r.pick([
    [';', 'semicolon'],
    ['|', 'vertical bar'],
    ['/', 'slash'],
  ]);
  const last = r.pick(['END', 'DONE', 'OK']);
  const M = [
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
  const rules = [
    q('date', [['date'], D[1]], `{Write|Give|Put} {the|each|every} date ${D[3]}.`, {
      wrong: { kw: [['date'], [wD[0]]], say: `{Write|Give} the date ${wD[1]}.` },
    }),
    q(
      'name',
      [
        ['name', 'surname'],
        ['capital', 'upper'],
      ],
      '{Write|Put|Give} the {surname|last name} {in capital letters|in upper case} before the first name.',
    ),
    q(
      'total',
      [['total', 'amount', 'price'], ['eur'], ['before', 'front', 'prefix', 'first']],
      '{Put|Write} EUR {before|in front of} the {amount|total}, with two decimals.',
      {
        wrong: {
          kw: [
            ['total', 'amount'],
            ['euro sign', '€'],
          ],
          say: '{Write|Put} the amount with the euro sign (€).',
        },
      },
    ),
    q(
      'items',
      [
        ['item', 'goods', 'products'],
        ['sort', 'alphabet'],
      ],
      `{Sort|List} the {items|products} {alphabetically|in alphabetical order}, {separated|split} by a ${sep[1]}.`,
    ),
    q(
      'phone',
      [
        ['phone', 'telephone'],
        ['+49', 'country code', 'international'],
      ],
      '{Write|Give} {phone|telephone} numbers {with the country code +49|in international form with +49}.',
    ),
    q(
      'approval',
      [
        ['approval', 'approve'],
        ['1000', '1,000', 'large', 'big'],
      ],
      '{Add|Append} a line "Approval: required" {for totals above 1000|to large orders over 1000}.',
    ),
    q(
      'end',
      [['line', 'end', 'close'], [last]],
      `{Finish with|Put as the last line|Close each record with the line} the word ${last} as its own line.`,
    ),
    q('lines', [['line'], ['field']], '{Use|Write} one line {per field|for each field}.', { u: 0.3 }),
  ];
  return {
    rules,
    gen: (t) => {
      const [f, l] = t.pick(names).split(' '),
        y = 2021 + t.int(5),
        m = 1 + t.int(12),
        d = 1 + t.int(28),
        amt = 50 + t.int(3000) + t.int(100) / 100,
        it = t.shuf(goods).slice(0, 3),
        ph = `0${150 + t.int(29)} ${100000 + t.int(899999)}`;
      const n = t();
      const fields = t
        .shuf([0, 1, 2, 3, 4])
        .slice(0, n < 0.5 ? 1 : 2)
        .sort();
      const slots = [],
        inn = [],
        _lab = [];
      for (const k of fields) {
        if (k === 0) {
          inn.push(`placed on ${d} ${M[m - 1]} ${y}`);
          slots.push({ rule: 0, good: `Date: ${D[2](y, m, d)}`, bad: `Date: ${M[m - 1]} ${d}, ${y}` });
        }
        if (k === 1) {
          slots.push({ rule: 1, good: `Customer: ${l.toUpperCase()} ${f}`, bad: `Customer: ${f} ${l}` });
        }
        if (k === 2) {
          inn.push(`worth ${amt} euro`);
          slots.push({ rule: 2, good: `Total: EUR ${amt.toFixed(2)}`, bad: `Total: ${amt} euro` });
        }
        if (k === 3) {
          inn.push(`of ${it.join(', ')}`);
          const g = [...it].sort().join(`${sep[0]} `),
            b = it.join(', ');
          slots.push({ rule: 3, good: `Items: ${g}`, bad: `Items: ${b}` });
        }
        if (k === 4) {
          inn.push(`phone ${ph}`);
          slots.push({ rule: 4, good: `Phone: +49 ${ph.slice(1)}`, bad: `Phone: ${ph}` });
        }
      }
      if (fields.includes(2) && amt > 2000) slots.push({ rule: 5, good: 'Approval: required', bad: 'Status: open' });
      const id = 10000 + t.int(90000);
      slots.unshift({ rule: null, good: `Order: ${id}` });
      if (h6(id)) slots.push({ rule: 6, good: last, bad: 'Thank you.' });
      return {
        input: `Record order ${id} of ${f} ${l}${inn.length ? ' ' : ''}${inn.join(', ')}${h6(id) ? ' (archive copy)' : ''}`,
        slots: [{ rule: 7, good: '\n', bad: ', ' }, ...slots],
        compose: (v) => v.slice(1).join(v[0]),
      };
    },
  };
};
const h6 = (x) => x % 4 === 0;
const p2 = (x) => String(x).padStart(2, '0');
const units = (r) => {
  const dec = r.pick([
    [1, 'one'],
    [2, 'two'],
    [3, 'three'],
  ]);
  const rules = [
    q(
      'round',
      [
        ['round', 'decimal', 'digits'],
        [dec[1], `${dec[0]} dec`],
      ],
      `{Round|Give} {lengths|distances} to ${dec[1]} {decimals|decimal places}.`,
      {
        wrong: {
          kw: [
            ['round', 'decimal'],
            ['whole', 'integer'],
          ],
          say: '{Round|Give} lengths to whole numbers without decimal digits.',
        },
      },
    ),
    q('km', [['kilomet', ' km'], ['mile']], '{Convert|Turn} miles {into|to} {kilometres|km}.'),
    q(
      'pct',
      [
        ['percent', 'share'],
        ['fraction', 'decimal number', '0 and 1'],
      ],
      '{Write|Give} {percentages|shares in percent} as a {fraction of one|decimal number between 0 and 1}.',
    ),
    q(
      'kelvin',
      [['kelvin'], ['temperature', 'celsius', 'degree']],
      '{Give|State|Report} {temperatures|degrees} in kelvin.',
      { wrong: { kw: [['fahrenheit'], ['temperature', 'degree']], say: '{Give|Report} temperatures in Fahrenheit.' } },
    ),
    q(
      'thou',
      [['thousand'], ['separat', 'apostrophe', 'group']],
      '{Use an apostrophe as|Put an apostrophe for} the thousands separator in {money|amounts}.',
      { wrong: { kw: [['thousand'], ['comma']], say: 'Use a comma for thousands.' } },
    ),
    q(
      'neg',
      [
        ['negative', 'minus', 'loss'],
        ['parenthes', 'bracket'],
      ],
      '{Write|Put} {negative amounts|losses} in {parentheses|round brackets}.',
    ),
    q(
      'mass',
      [
        ['gram', 'mass', 'weight'],
        ['kg', 'kilogram'],
      ],
      '{State|Give} {weights|masses} in {kilograms|kg}.',
    ),
    q(
      'time',
      [
        ['minute', 'duration', 'time span'],
        ['h:mm', 'hours and minutes', 'hh:mm'],
      ],
      '{Write|Give} {durations|minutes} as H:MM.',
    ),
  ];
  return {
    rules,
    gen: (t) => {
      const k = t.pick([0, 0, 1, 2, 3, 4, 4, 5, 6, 7]);
      const a = 10 + t.int(900),
        b = t.int(100);
      const x = +(a / 7 + b / 100).toFixed(5);
      const g = {
        0: () => [
          `A cable measures ${x} metres. Length?`,
          [{ rule: 0, good: `${x.toFixed(dec[0])} m`, bad: `${x} m` }],
        ],
        1: () => [
          `The road is ${x} miles long. Length?`,
          [{ rule: 1, good: `${(x * 1.609).toFixed(2)} km`, bad: `${x} miles` }],
        ],
        2: () => [
          `${b + 1} of 100 visitors of site ${a} bought. Percentage?`,
          [{ rule: 2, good: ((b + 1) / 100).toFixed(2), bad: `${b + 1} %` }],
        ],
        3: () => [
          `Probe ${a} reads ${b} degrees Celsius. Temperature?`,
          [{ rule: 3, good: `${b + 273} K`, bad: `${b} C` }],
        ],
        4: () => [
          `Branch ${a} turned over ${a * 1000 + b * 7 + 1000} francs. Turnover?`,
          [
            {
              rule: 4,
              good: String(a * 1000 + b * 7 + 1000).replace(/\B(?=(\d{3})+$)/g, "'"),
              bad: String(a * 1000 + b * 7 + 1000),
            },
          ],
        ],
        5: () => [`Fund ${a} lost ${a * 1000 + b} francs. Result?`, [{ rule: 5, good: null, bad: null }]],
        6: () => [
          `Crate ${a} weighs ${b * 10 + 5} grams. Weight?`,
          [{ rule: 6, good: `${((b * 10 + 5) / 1000).toFixed(3)} kg`, bad: `${b * 10 + 5} g` }],
        ],
        7: () => [
          `Run ${a} takes ${b + 61} minutes. Duration?`,
          [{ rule: 7, good: `${Math.floor((b + 61) / 60)}:${p2((b + 61) % 60)}`, bad: `${b + 61} minutes` }],
        ],
      }[k]();
      if (k === 5) {
        const n = a * 1000 + b,
          s = String(n).replace(/\B(?=(\d{3})+$)/g, "'");
        return {
          input: g[0],
          slots: [
            { rule: 5, good: '(', bad: '-' },
            { rule: 4, good: s, bad: String(n) },
          ],
          compose: (v) => (v[0] === '(' ? `(${v[1]})` : `-${v[1]}`),
        };
      }
      return { input: g[0], slots: g[1], compose: (v) => v.join(' ') };
    },
  };
};
const replies = (r) => {
  const sign = r.pick(['Team North', 'Your Harbour Desk', 'The Garden Office']);
  const v = r.pick(['5 EUR', '8 EUR', '10 EUR']);
  const rules = [
    q(
      'greet',
      [
        ['greet', 'address', 'salut', 'start'],
        ['surname', 'last name', 'family name'],
      ],
      '{Greet|Address} the {customer|writer} by {surname|family name} only.',
      { u: 0.12 },
    ),
    q(
      'sign',
      [['sign', 'close', 'end', 'finish'], [sign]],
      `{Sign|Close|Finish} {every reply|each message|replies} with ${sign}.`,
      { u: 0.02 },
    ),
    q(
      'voucher',
      [['late', 'delay'], ['voucher', 'coupon'], [v]],
      `{Offer|Promise} a voucher of ${v} {for late parcels|when a delivery is late}.`,
      { wrong: { kw: [['late', 'delay'], ['refund']], say: 'Offer a full refund when a delivery is late.' } },
    ),
    q(
      'back',
      [['stock', 'sold out', 'unavailable'], ['never', 'no date', 'not', 'without'], ['date']],
      '{Never promise a date for|Give no date for} goods that are {out of stock|sold out}.',
      { u: 0.1 },
    ),
    q(
      'photo',
      [
        ['broken', 'damage'],
        ['photo', 'picture'],
      ],
      '{Ask for|Request} a {photo|picture} {of broken goods|when something arrives damaged}.',
    ),
    q(
      'order',
      [
        ['order number', 'order id'],
        ['cite', 'mention', 'quote the order', 'repeat the order', 'state'],
      ],
      '{Mention|State} the order number {in the first sentence|at once}.',
      { u: 0.25 },
    ),
    q(
      'gift',
      [
        ['gift', 'present'],
        ['wrap', 'card'],
      ],
      '{For gifts, say that wrapping is free|Tell buyers of gifts that wrapping costs nothing}.',
    ),
  ];
  return {
    rules,
    gen: (t) => {
      const [f, l] = t.pick(names).split(' '),
        id = 1000 + t.int(9000),
        k = t.pick(['late', 'late', 'stock', 'broken', 'broken', 'gift', 'plain']),
        g = t.pick(goods);
      const S = [{ rule: 0, good: `Hello ${l},`, bad: `Hi ${f}!` }];
      const what = {
        late: `my ${g} should have come last week`,
        stock: `are the ${g} back in the shop soon? They are sold out`,
        broken: `the ${g} arrived broken`,
        gift: `I want the ${g} as a gift`,
        plain: `thank you for the ${g}`,
      }[k];
      const n = t();
      if (n < 0.35) S.push({ rule: 5, good: `this is about your order ${id}.`, bad: 'thank you for your message.' });
      else S.push({ rule: null, good: 'we have read your message.' });
      if (k === 'late')
        S.push({ rule: 2, good: `For the delay you get a voucher of ${v}.`, bad: 'Sorry for the delay.' });
      if (k === 'stock')
        S.push({ rule: 3, good: 'We will write to you when they are here.', bad: 'They will be here on Friday.' });
      if (k === 'broken') S.push({ rule: 4, good: 'Please send us a photo of the damage.', bad: 'That is a pity.' });
      if (k === 'gift') S.push({ rule: 6, good: 'Wrapping is free.', bad: 'Good choice.' });
      if (id % 2) S.push({ rule: 1, good: `Kind regards, ${sign}`, bad: 'Best wishes' });
      return {
        input: `${f} ${l} writes${id % 2 ? ' by e-mail' : ' in the chat'} (order ${id}): ${what}.`,
        slots: S,
        compose: (x) => x.join(' '),
      };
    },
  };
};
const german = (r) => {
  const anrede = r.pick([
    ['Sie', 'Ihre'],
    ['du', 'deine'],
  ]);
  const rules = [
    q(
      'komma',
      [
        ['komma', 'dezimal'],
        ['statt', 'komma'],
      ],
      '{Schreibe|Setze} Zahlen mit {Komma statt Punkt|Dezimalkomma}.',
    ),
    q(
      'anrede',
      [[anrede[0] === 'Sie' ? 'siezen' : 'duzen', anrede[0] === 'Sie' ? 'sieze' : 'duze']],
      anrede[0] === 'Sie'
        ? '{Sieze die Kundschaft immer|Man soll den Kunden immer siezen}.'
        : '{Duze die Kundschaft immer|Man soll den Kunden immer duzen}.',
    ),
    q(
      'datum',
      [
        ['datum', 'tag'],
        ['tt.mm', 'wochentag', 'ausgeschrieben'],
      ],
      '{Gib|Nenne} {das Datum|den Tag} {mit dem Wochentag|immer mit Wochentag} an.',
    ),
    q(
      'uhr',
      [
        ['uhr', 'zeit'],
        ['24', 'stunden'],
      ],
      '{Nenne|Schreibe} {Uhrzeiten|die Zeit} im 24-Stunden-Format.',
    ),
    q(
      'geld',
      [
        ['betrag', 'preis', 'euro'],
        ['cent', 'hinter'],
      ],
      '{Schreibe|Gib} den {Betrag|Preis} in Cent an.',
      { wrong: { kw: [['betrag', 'preis'], ['franken']], say: '{Schreibe|Gib} den Preis in Franken an.' } },
    ),
    q(
      'ort',
      [
        ['ort', 'stadt'],
        ['postleitzahl', 'plz'],
      ],
      '{Nenne|Schreibe} vor {dem Ort|der Stadt} die Postleitzahl.',
    ),
  ];
  const W = ['Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag'],
    O = [
      ['Bonn', '53111'],
      ['Kiel', '24103'],
      ['Ulm', '89073'],
      ['Jena', '07743'],
    ];
  return {
    rules,
    harms: [
      {
        id: 'grund',
        kw: [['begründe', 'erkläre', 'grund']],
        say: '{Begründe|Erkläre} {die Antwort|jede Antwort} zuerst.',
        f: (a) => `Der Grund dafür ist einfach. ${a}`,
      },
      {
        id: 'gruss',
        kw: [
          ['gruß', 'grüße'],
          ['ende', 'schluss'],
        ],
        say: '{Setze an das Ende|Schreibe zum Schluss} freundliche Grüße.',
        f: (a) => `${a} Viele Grüße!`,
      },
    ],
    vague: [
      '{Lies|Prüfe} die {Frage|Aufgabe} {genau|sorgfältig}.',
      '{Bleibe|Sei} {genau|sachlich} {in jeder Antwort|bei jedem Detail}.',
      'Achte auf {Einzelheiten|die Form}.',
    ],
    gen: (t) => {
      const k = t.pick([0, 0, 1, 2, 3, 3, 4, 5]),
        a = 10 + t.int(900),
        b = 10 + t.int(89),
        w = t.pick(W),
        o = t.pick(O),
        H = 13 + t.int(9);
      return {
        0: () => ({
          input: `Wie lang ist Rohr ${a} mit ${a}.${b} m?`,
          slots: [{ rule: 0, good: `${a},${b} m`, bad: `${a}.${b} m` }],
        }),
        1: () => ({
          input: `Kunde ${a} fragt, ob Paket ${b} unterwegs ist.`,
          slots: [
            {
              rule: 1,
              good: anrede[0] === 'Sie' ? `Ihre Sendung ${b} ist unterwegs.` : `Deine Sendung ${b} ist unterwegs.`,
              bad: `Die Sendung ${b} ist unterwegs.`,
            },
          ],
        }),
        2: () => ({
          input: `Wann ist Termin ${a} (${w}, der ${(b % 28) + 1}. Mai)?`,
          slots: [{ rule: 2, good: `${w}, ${(b % 28) + 1}. Mai`, bad: `${(b % 28) + 1}. Mai` }],
        }),
        3: () => ({
          input: `Wann fährt Zug ${a} (${H - 12}:${(b % 50) + 10} Uhr nachmittags)?`,
          slots: [{ rule: 3, good: `${H}:${(b % 50) + 10} Uhr`, bad: `${H - 12}:${(b % 50) + 10} Uhr nachmittags` }],
        }),
        4: () => ({
          input: `Was kostet Artikel ${a} für ${b} Euro?`,
          slots: [{ rule: 4, good: `${b * 100} Cent`, bad: `${b} Euro` }],
        }),
        5: () => ({
          input: `Wo liegt Lager ${a} in ${o[0]}, ${o[1]}?`,
          slots: [{ rule: 5, good: `${o[1]} ${o[0]}`, bad: o[0] }],
        }),
      }[k]();
    },
    post: true,
  };
};
const conflict = (_r) => {
  const rules = [
    q(
      'words',
      [
        ['number', 'figure'],
        ['words', 'spelled', 'letters'],
      ],
      '{Write|Spell} numbers {in words|out as words}.',
      {
        scope: [['except', 'unless', 'not in invoices', 'stories']],
        scopeSay: '{except in invoices|unless it is an invoice}',
      },
    ),
    q('short', [['one word', 'single word']], '{Answer|Reply} with {one word|a single word}.', {
      scope: [['except', 'unless', 'only']],
      scopeSay: '{except for questions about why|unless the question asks why}',
    }),
    q('lower', [['lower case', 'lowercase', 'small letters']], '{Use|Write in} {lower case|small letters}.', {
      scope: [['except', 'unless', 'only']],
      scopeSay: '{except for city names|unless it is a city}',
    }),
    q('metric', [['metric', 'centimet', 'cm']], '{Give|State} heights in {centimetres|cm}.'),
    q('plural', [['plural']], '{Put|Write} nouns in the plural.'),
    q('code', [['code', 'prefix'], ['k-']], '{Put|Write} the {prefix|code} K- in front of part ids.', {
      wrong: { kw: [['code', 'prefix'], ['p-']], say: 'Put the prefix P- in front of part ids.' },
    }),
  ];
  const num = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
  return {
    rules,
    gen: (t) => {
      const k = t.pick([0, 0, 1, 1, 2, 2, 3, 4, 5, 'i', 'w', 'c']),
        a = 100 + t.int(900),
        n = 1 + t.int(9),
        g = t.pick(goods),
        c = t.pick(['Bonn', 'Oslo', 'Lima', 'Cairo']);
      return {
        0: () => ({
          input: `Story ${a}: how many ${g} did the hero carry, ${n}?`,
          slots: [{ rule: 0, good: num[n - 1], bad: String(n) }],
        }),
        1: () => ({
          input: `Entry ${a}: what do we sell, ${g}?`,
          slots: [{ rule: 1, good: 'Goods', bad: `We sell ${g} here` }],
        }),
        2: () => ({
          input: `Tag ${a} for ${g}?`,
          slots: [{ rule: 2, good: `${g} ${a}`, bad: `${g.toUpperCase()} ${a}` }],
        }),
        3: () => ({
          input: `Height of shelf ${a} (${n} m)?`,
          slots: [{ rule: 3, good: `${n * 100} cm`, bad: `${n} m` }],
        }),
        4: () => ({
          input: `Noun ${a}: many of ${g.replace(/s$/, '')}?`,
          slots: [{ rule: 4, good: `${g.replace(/s$/, '')}s`, bad: g.replace(/s$/, '') }],
        }),
        5: () => ({ input: `Part id ${a}?`, slots: [{ rule: 5, good: `K-${a}`, bad: String(a) }] }),
        i: () => ({
          input: `Invoice ${a}: ${n} ${g}. How many?`,
          slots: [{ rule: null, good: String(n) }],
          except: [0],
          hurt: `${num[n - 1]} pieces`,
        }),
        w: () => ({
          input: `Why is lot ${a} of ${g} late?`,
          slots: [{ rule: null, good: 'It waits for customs.' }],
          except: [1],
          hurt: 'Customs',
        }),
        c: () => ({
          input: `City of depot ${a} is ${c}?`,
          slots: [{ rule: null, good: c }],
          except: [2],
          hurt: `${c.toLowerCase()} (city)`,
        }),
      }[k]();
    },
  };
};
const fix = (d) => ({
  ...d,
  gen: (t) => {
    const x = d.gen(t);
    x.compose ??= (v) => v.join(' ');
    return x;
  },
});
const D = (f) => (r) => fix(f(r));
const long = `You are the assistant of a trading house founded in 1923. Our values are honesty, care and speed. The office is in the old harbour. There are forty people in three teams. Team one buys goods from abroad. Team two keeps the books. Team three talks to customers. The boss is Ms Vogel. She likes order. You were set up by the IT desk last spring. The IT desk may be called at any time. Lunch is from twelve to one. The canteen serves soup. Visitors park behind the hall. We moved to new software last year. Some old records remain on paper. Paper records are in the cellar. Please treat all people with respect. Explain your reasoning step by step before each answer. Our slogan is From Harbour to Home. We have won two prizes. The first prize was for logistics. The second prize was for training. New staff get a tour on day one. The tour takes an hour. Holidays are planned in January. Always end with a friendly closing line. The heating is old but works. Windows stay closed in winter. The archive opens on Tuesdays. Keys are at the desk. Bring your own mug. We recycle paper and glass. The printer is on floor two. Call the desk when it jams. Thank you for being part of it.`;
const short = 'You are a helpful assistant. Answer the request.';
const say = (d, _r, ids) =>
  d.rules
    .filter((x) => ids === 'all' || ids.includes(x.id))
    .map((x) => x.say.replace(/\{([^{}|]*)\|?[^{}]*\}/g, '$1') + (x.scopeSay ? '' : ''))
    .join(' ');
export const FAMILIES = {
  labels: (r) => ({
    ...D(tickets)(r),
    seedPrompt: 'Answer with the queue of the ticket, nothing else.',
    critic: { style: 'json' },
    editor: { format: 'tag' },
  }),
  structured: (r) => ({
    ...D(orders)(r),
    seedPrompt: 'You keep the order book. Write the record of the order, one field per line.',
    critic: { style: 'headed' },
    editor: { format: 'fence', habit: 'rewrite', reword: true, layout: 'lines' },
  }),
  units: (r) => ({
    ...D(units)(r),
    seedPrompt: short,
    critic: { style: 'bullets' },
    editor: { format: 'bare', reword: true },
  }),
  replies: (r) => ({
    ...D(replies)(r),
    seedPrompt: 'You answer customers of a mail order shop. Write the reply.',
    critic: { style: 'prose', see: 0.9 },
    editor: { format: 'tag', habit: 'mixed' },
  }),
  german: (r) => ({
    ...D(german)(r),
    seedPrompt: 'Du bist die Auskunft. Antworte knapp auf Deutsch.',
    critic: { style: 'bullets' },
    editor: { format: 'tag' },
  }),
  conflict: (r) => ({
    ...D(conflict)(r),
    seedPrompt: short,
    critic: { style: 'prose', scoped: 0.35 },
    editor: { format: 'fence' },
  }),
  rare: (r) => {
    const d = D(units)(r);
    const g = d.gen;
    d.gen = (t) => {
      for (;;) {
        const x = g(t);
        const k = x.slots[0].rule;
        if ([2, 6, 7].includes(k) && t() > 0.28) continue;
        return x;
      }
    };
    return {
      ...d,
      nTrain: 120,
      seedPrompt: `${short} ${say(d, r, ['round', 'km', 'kelvin', 'thou', 'neg'])}`,
      critic: { style: 'json' },
      editor: {},
    };
  },
  perfect: (r) => {
    const d = D(replies)(r);
    return {
      ...d,
      seedPrompt: `You answer customers of a shop. ${say(d, r, 'all')}`,
      critic: { style: 'bullets' },
      editor: { format: 'tag' },
    };
  },
  harmful: (r) => {
    const d = D(units)(r);
    return {
      ...d,
      harmP: 0.9,
      seedPrompt: `You are a helpful assistant. Explain your reasoning step by step before the answer. Answer the request. ${say(d, r, ['round', 'thou'])}`,
      critic: { style: 'json' },
      editor: {},
    };
  },
  harmplain: (r) => {
    const d = D(tickets)(r);
    return {
      ...d,
      harmP: 0.7,
      seedPrompt:
        'Restate the request first. Answer with the queue of the ticket. Always state how confident you are. Be kind to the reader.',
      critic: { style: 'prose' },
      editor: { format: 'tag' },
    };
  },
  empty: (r) => ({ ...D(units)(r), seedPrompt: '', critic: { style: 'headed' }, editor: { format: 'tag' } }),
  longseed: (r) => ({
    ...D(replies)(r),
    seedPrompt: long,
    critic: { style: 'jsonish' },
    editor: { habit: 'rewrite', reword: true, drop: 0.08, format: 'fence' },
  }),
  rewrite: (r) => {
    const d = D(tickets)(r);
    return {
      ...d,
      unframed: 0.4,
      frame: (p) => /first/i.test(p) && /then/i.test(p) && /finally/i.test(p),
      wholeText: (S, q) =>
        q() < 0.5
          ? `First read the message and find its kind. Then apply these rules:\n${S.map((s) => `- ${s}`).join('\n')}\nFinally write the code and nothing else.`
          : S.join(' '),
      seedPrompt: 'Answer with the queue of the ticket, nothing else.',
      critic: { style: 'bullets' },
      editor: { format: 'tag', habit: 'mixed' },
    };
  },
  badcritic: (r) => ({
    ...D(orders)(r),
    seedPrompt: 'You keep the order book. Write the record of the order, one field per line.',
    critic: { style: 'prose', right: 0.5, wrongArg: 0.7, extra: 0.6 },
    editor: { format: 'json', reword: true, fluff: 0.5, drop: 0.06 },
  }),
  hopeless: (r) => {
    const d = D(units)(r);
    const g = d.gen;
    d.gen = (t) => {
      const x = g(t);
      x.slots = x.slots.map((s) => ({ rule: null, good: s.good }));
      x.luck = 0.35;
      return x;
    };
    return { ...d, seedPrompt: short, critic: { style: 'bullets', right: 0.5, extra: 1 }, editor: {} };
  },
  weak: (r) => {
    const d = D(orders)(r);
    d.rules = d.rules.map((x) => ({ ...x, s: 0.7, u: 0.1 }));
    return {
      ...d,
      slip: 0.03,
      seedPrompt: 'You keep the order book. Write the record of the order, one field per line.',
      critic: { style: 'json' },
      editor: { format: 'tag' },
    };
  },
  small: (r) => ({
    ...D(units)(r),
    nTrain: 36,
    seedPrompt: short,
    critic: { style: 'json' },
    editor: { format: 'tag' },
  }),
};
