// Domains whose answer is made of several parts (a record, a figure, a sentence): each part follows a hidden house convention.
// An option: how a rule may word it, and what it makes of the data.
import { pick, shuffled, whole } from './random.js';

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const pad = (number, width = 2) => String(number).padStart(width, '0');
const round = (number, digits) => String(Number(number.toFixed(digits)));
const option = (make, ...forms) => ({ make, forms });
const slot = (id, label, cases, ...options) => ({ id, label, cases, options });

function someOf(random, slots) {
  return shuffled(random, slots).slice(0, random() < 0.45 ? 1 : random() < 0.6 ? 2 : 3);
}

const listed = (asked) => asked.map(({ label }) => label).join(', ');

const INVOICES = [
  slot(
    'date',
    'date',
    ['dates', 'the day of the invoice'],
    option((d) => `${d.year}-${pad(d.month)}-${pad(d.day)}`, 'as YYYY-MM-DD', 'with the year first'),
    option((d) => `${pad(d.day)}.${pad(d.month)}.${d.year}`, 'as DD.MM.YYYY', 'with dots and the day first'),
    option(
      (d) => `${d.day} ${MONTHS[d.month - 1].slice(0, 3)} ${d.year}`,
      'with a month of three letters',
      'as 3 Jan 2024',
    ),
  ),
  slot(
    'amount',
    'amount',
    ['amounts', 'sums of money'],
    option((d) => String(d.cents), 'in cents', 'without any decimal point'),
    option(
      (d) => (d.cents / 100).toFixed(2).replace('.', ','),
      'with a decimal comma',
      'with a comma before the last two digits',
    ),
    option((d) => `${Math.round(d.cents / 100)} EUR`, 'rounded to full euros', 'as whole euros followed by EUR'),
  ),
  slot(
    'terms',
    'terms',
    ['payment terms', 'the time allowed for payment'],
    option((d) => `${d.days}d`, 'as a number of days and d', 'counted in days'),
    option((d) => `net-${d.days}`, 'as net and the number', 'in the style net-30'),
    option((d) => `${d.days / 7}w`, 'in weeks', 'divided by seven, with w'),
  ),
  slot(
    'order',
    'order number',
    ['missing order numbers', 'invoices without a purchase order'],
    option(() => 'none', 'as none', 'by the word none'),
    option(() => '0000', 'as 0000', 'by four zeros'),
    option(() => 'ask-buyer', 'as ask-buyer', 'by a note ask-buyer'),
  ),
  slot(
    'vat',
    'tax',
    ['tax rates', 'VAT'],
    option((d) => `${d.vat}%`, 'with a percent sign', 'as a percentage'),
    option((d) => String(d.vat / 100), 'as a decimal fraction', 'as a factor like 0.19'),
    option((d) => `V${d.vat}`, 'as V and the number', 'with the letter V in front'),
  ),
  slot(
    'seller',
    'seller',
    ['names of sellers', 'who bills us'],
    option((d) => d.seller, 'without the legal form', 'as the bare family name'),
    option((d) => `${d.seller} ${d.form}`, 'with the legal form', 'in full, with GmbH or Ltd'),
    option((d) => d.seller.slice(0, 4), 'cut to four letters', 'as the first four characters'),
  ),
];

const CONTACTS = [
  slot(
    'name',
    'name',
    ['names', 'how people are called'],
    option((d) => `${d.last}, ${d.first}`, 'with the last name first and a comma', 'in the order last, first'),
    option(
      (d) => `${d.first[0]}. ${d.last}`,
      'with an initial for the given name',
      'with the first name shortened to its initial',
    ),
    option((d) => d.last, 'by the last name alone', 'without given name'),
  ),
  slot(
    'phone',
    'phone',
    ['phone numbers', 'telephone digits'],
    option(
      (d) => `+44${d.phone.slice(1)}`,
      'with +44 instead of the leading zero',
      'internationally, starting with +44',
    ),
    option((d) => d.phone, 'as digits without gaps', 'unspaced'),
    option(
      (d) => `${d.phone.slice(0, 4)} ${d.phone.slice(4)}`,
      'with one space after four digits',
      'split behind the fourth digit',
    ),
  ),
  slot(
    'callback',
    'callback',
    ['callback times', 'the hour to call back'],
    option((d) => `${pad(d.hour)}:${pad(d.minute)}`, 'on the 24-hour clock', 'as HH:MM up to 23:59'),
    option(
      (d) => `${d.hour > 12 ? d.hour - 12 : d.hour}.${pad(d.minute)} ${d.hour > 11 ? 'pm' : 'am'}`,
      'with am or pm and a full stop',
      'on the twelve-hour clock',
    ),
    option((d) => `${pad(d.hour)}${pad(d.minute)}h`, 'as four digits and h', 'in military style'),
  ),
  slot(
    'language',
    'language',
    ['languages', 'the tongue of the caller'],
    option((d) => d.language.code, 'as a two-letter code', 'in ISO 639-1'),
    option((d) => d.language.own, 'in their own name, like Deutsch', 'as the speakers call it'),
    option((d) => d.language.name, 'in the English form', 'as an English word'),
  ),
  slot(
    'mood',
    'urgency',
    ['urgency', 'calls that cannot wait'],
    option((d) => (d.urgent ? 'red' : 'green'), 'as red or green', 'by traffic light colours'),
    option((d) => (d.urgent ? 'U1' : 'U3'), 'as U1 or U3', 'in U levels'),
    option((d) => (d.urgent ? 'today' : 'this week'), 'as today or this week', 'by when it is due'),
  ),
];

const MEASURES = [
  slot(
    'length',
    'length',
    ['lengths', 'how long something is'],
    option((d) => `${d.cm} cm`, 'in centimetres', 'in cm'),
    option((d) => `${d.cm * 10} mm`, 'in millimetres', 'in mm'),
    option((d) => `${round(d.cm / 2.54, 1)} in`, 'in inches with one decimal', 'in imperial inches'),
  ),
  slot(
    'weight',
    'weight',
    ['weights', 'the mass'],
    option((d) => `${d.grams} g`, 'in grams', 'in full grams, unit g'),
    option((d) => `${round(d.grams / 1000, 1)} kg`, 'in kilograms with one decimal', 'in kg'),
    option((d) => `${round(d.grams / 453.59, 1)} lb`, 'in pounds', 'in lb'),
  ),
  slot(
    'heat',
    'temperature',
    ['temperatures', 'degrees'],
    option((d) => `${d.celsius + 273} K`, 'in kelvin', 'as absolute figures, unit K'),
    option((d) => `${Math.round(d.celsius * 1.8 + 32)} F`, 'in fahrenheit', 'in American F'),
    option((d) => `${d.celsius} C`, 'in celsius', 'in metric C'),
  ),
  slot(
    'time',
    'duration',
    ['durations', 'how much time it takes'],
    option((d) => `${d.minutes} min`, 'in minutes', 'as total min'),
    option((d) => `${Math.floor(d.minutes / 60)}:${pad(d.minutes % 60)}`, 'as H:MM', 'with a colon after the hours'),
    option((d) => `${round(d.minutes / 60, 2)} h`, 'in decimal hours', 'as hours with two decimals'),
  ),
];

const REPLIES = [
  slot(
    'delay',
    'late',
    ['late parcels', 'delays'],
    option(() => 'we send a second parcel today', 'promise a second parcel', 'offer to send it again'),
    option(
      () => 'we ask the carrier and write tomorrow',
      'promise to ask the carrier',
      'say that the carrier is asked',
    ),
    option(() => 'the postage is paid back', 'give the postage back', 'refund the postage'),
  ),
  slot(
    'broken',
    'broken',
    ['broken goods', 'damage'],
    option(() => 'please send us a photo', 'ask for a photo', 'request a picture by photo'),
    option(() => 'a new one is on its way', 'say a new one is coming', 'promise a new one'),
    option(() => 'keep it at half the price', 'offer half the price', 'grant half price'),
  ),
  slot(
    'lost',
    'password',
    ['lost passwords', 'login failures'],
    option(() => 'use the link for a new password', 'point to the link', 'name the link'),
    option(() => 'our desk calls you back', 'announce a call of the desk', 'say that the desk calls'),
    option(() => 'try again after one hour', 'advise to wait one hour', 'tell them to retry in one hour'),
  ),
  slot(
    'hello',
    'mail',
    ['letters and mails', 'how a mail opens'],
    option(() => 'Dear customer,', 'start with Dear customer', 'open by Dear customer'),
    option(() => 'Good day,', 'start with Good day', 'open by Good day'),
    option(() => 'Hello and thank you,', 'start with Hello and thank you', 'open by Hello and thank'),
  ),
  slot(
    'bye',
    'chat',
    ['chats', 'how a chat ends'],
    option(() => 'Anything else?', 'end with Anything else', 'close by asking Anything else'),
    option(() => 'Bye for now!', 'end with Bye for now', 'close by Bye now'),
    option(() => 'Your shop team', 'end with Your shop team', 'close by signing shop team'),
  ),
];

const FEES = [
  slot(
    'step',
    '',
    ['parking time', 'hours that have begun'],
    option((d) => Math.ceil(d.minutes / 60) * d.rate, 'count every started hour in full', 'round up to the next hour'),
    option(
      (d) => Math.ceil(d.minutes / 30) * 0.5 * d.rate,
      'count started half hours',
      'round up to the next half hour',
    ),
    option(
      (d) => Math.floor(d.minutes / 60) * d.rate,
      'count completed hours only',
      'ignore what exceeds the last completed hour',
    ),
  ),
  slot(
    'weekend',
    '',
    ['weekends', 'Saturdays and Sundays'],
    option((fee) => fee * 2, 'double the fee', 'charge twice the fee'),
    option((fee) => fee + 3, 'add three euros', 'put three euros on top'),
    option((fee) => fee / 2, 'halve the fee', 'charge one half'),
  ),
  slot(
    'member',
    '',
    ['members', 'holders of a club card'],
    option((fee) => fee * 0.9, 'take off 10 percent', 'grant 10 percent'),
    option((fee) => fee * 0.75, 'take off 25 percent', 'grant 25 percent'),
    option((fee) => Math.max(0, fee - 2), 'take off two euros', 'subtract two euros'),
  ),
  slot(
    'van',
    '',
    ['vans', 'large vehicles'],
    option((fee) => fee + 5, 'add five euros', 'a supplement of five euros is due'),
    option((fee) => fee * 1.5, 'multiply by 1.5', 'the factor is 1.5'),
    option((fee) => fee + 8, 'add eight euros', 'a supplement of eight euros is due'),
  ),
  slot(
    'lost',
    '',
    ['lost tickets', 'drivers without their ticket'],
    option((fee) => fee + 20, 'add twenty euros', 'the penalty is twenty euros'),
    option((fee) => fee + 12, 'add twelve euros', 'the penalty is twelve euros'),
    option((fee) => fee * 3, 'triple everything', 'charge it three times, triple'),
  ),
];

const LANGUAGES = [
  { name: 'German', own: 'Deutsch', code: 'de' },
  { name: 'French', own: 'français', code: 'fr' },
  { name: 'Spanish', own: 'español', code: 'es' },
  { name: 'Polish', own: 'polski', code: 'pl' },
];

export const RECORDS = {
  invoices: {
    role: 'You book invoices.',
    format: 'Answer with the wanted fields in the given order, separated by a semicolon.',
    scopes: [
      { names: ['foreign suppliers', 'invoices from abroad'], mark: 'From abroad' },
      { names: ['domestic suppliers', 'invoices of this country'], mark: 'Domestic' },
    ],
    slots: INVOICES,
    ask: someOf,
    data: (r) => ({
      year: whole(r, 2021, 2025),
      month: whole(r, 1, 12),
      day: whole(r, 1, 28),
      cents: whole(r, 1200, 99000),
      days: pick(r, [7, 14, 21, 28]),
      vat: pick(r, [7, 19, 20]),
      seller: pick(r, ['Brandt', 'Okafor', 'Lindqvist', 'Moreau', 'Castell', 'Haruki']),
      form: pick(r, ['GmbH', 'Ltd']),
    }),
    input: (d, asked) =>
      `${d.seller} ${d.form} bills ${(d.cents / 100).toFixed(2)} euros (tax ${d.vat} percent) on ${MONTHS[d.month - 1]} ${d.day}, ${d.year}, payable within ${d.days} days; no purchase order given. Wanted: ${listed(asked)}.`,
    join: (parts) => parts.join('; '),
    acts: ['write {case} {v}', 'give {case} {v}', '{case} must be written {v}', 'state {case} {v}'],
  },
  contacts: {
    role: 'You turn notes of phone calls into records.',
    format: 'Answer with the wanted fields in the given order, separated by " | ".',
    scopes: [
      { names: ['companies', 'business lines'], mark: 'Business line' },
      { names: ['private lines', 'consumers'], mark: 'Private line' },
    ],
    slots: CONTACTS,
    ask: someOf,
    data: (r) => ({
      first: pick(r, ['Ada', 'Bruno', 'Chloe', 'Dario', 'Elif']),
      last: pick(r, ['Ferro', 'Gomez', 'Hartmann', 'Ito', 'Jansen', 'Kowal']),
      phone: `0${whole(r, 200000000, 799999999)}`,
      hour: whole(r, 8, 18),
      minute: pick(r, [0, 15, 30, 45]),
      language: pick(r, LANGUAGES),
      urgent: r() < 0.4,
    }),
    input: (d, asked) =>
      `${d.first} ${d.last} called, speaks ${d.language.name}, number ${d.phone.slice(0, 3)}-${d.phone.slice(3, 6)}-${d.phone.slice(6)}, call back at ${d.minute ? `${d.minute} past` : 'exactly'} ${d.hour} hours${d.urgent ? ', it cannot wait' : ''}. Wanted: ${listed(asked)}.`,
    join: (parts) => parts.join(' | '),
    acts: ['record {case} {v}', 'note {case} {v}', '{case} are kept {v}', 'enter {case} {v}'],
  },
  measures: {
    role: 'You read data sheets.',
    format: 'Answer with the value and its unit only; separate several by a comma.',
    scopes: [
      { names: ['the lab', 'laboratory sheets'], mark: 'Lab sheet' },
      { names: ['the catalogue', 'shop entries'], mark: 'Shop catalogue' },
      { names: ['the warehouse', 'storage lists'], mark: 'Storage list' },
    ],
    slots: MEASURES,
    ask: (random, slots) => shuffled(random, slots).slice(0, random() < 0.6 ? 1 : 2),
    data: (r) => ({
      cm: whole(r, 20, 400),
      grams: whole(r, 3, 90) * 100,
      celsius: whole(r, 5, 90),
      minutes: whole(r, 70, 400),
    }),
    input: (d, asked) =>
      `Device, ${(d.cm / 100).toFixed(2)} m long, ${d.grams / 1000} kilograms, runs ${d.minutes} minutes at ${d.celsius} degrees Celsius. Wanted: ${listed(asked)}.`,
    join: (parts) => parts.join(', '),
    acts: ['state {case} {v}', 'convert {case}, writing them {v}', '{case} belong {v}', 'report {case} {v}'],
  },
  replies: {
    role: 'You answer customers of a shop with one standard sentence.',
    format: 'Write nothing but that sentence.',
    scopes: [
      { names: ['club members', 'regulars'], mark: 'Club member' },
      { names: ['guests', 'first-time buyers'], mark: 'Guest' },
    ],
    slots: REPLIES,
    ask: (random, slots) => [
      ...(random() < 0.45 ? [slots[3]] : []),
      pick(random, slots.slice(0, 3)),
      ...(random() < 0.35 ? [slots[4]] : []),
    ],
    data: (r) => ({
      place: pick(r, ['Leeds', 'Graz', 'Turin', 'Lyon', 'Ghent']),
      thing: pick(r, ['lamp', 'sofa', 'desk', 'mirror']),
    }),
    input: (d, asked) => {
      const has = (id) => asked.some((one) => one.slot === id);
      const story = has('delay')
        ? `My ${d.thing} has still not come to ${d.place}.`
        : has('broken')
          ? `The ${d.thing} came to ${d.place} with a crack.`
          : `I am in ${d.place} and the shop refuses my password.`;
      return `${has('hello') ? 'By mail: ' : has('bye') ? 'In the chat: ' : 'On the wall: '}${story}`;
    },
    join: (parts) => parts.join(' '),
    acts: ['for {case}, {v}', '{v} when it comes to {case}', 'with {case}, {v}', '{case}: {v}'],
  },
  fees: {
    role: 'You work out parking fees.',
    format: 'Answer with the amount in euros as a number only.',
    scopes: [
      { names: ['the airport', 'the north site'], mark: 'Airport, north site' },
      { names: ['the old town', 'the south site'], mark: 'Old town, south site' },
    ],
    slots: FEES,
    ask: (random, slots) => [slots[0], ...slots.slice(1).filter(() => random() < 0.3)].slice(0, 3),
    data: (r) => ({
      minutes: 60 * whole(r, 1, 7) + whole(r, 5, 55),
      rate: pick(r, [2, 3, 4]),
      day: pick(r, ['Tuesday', 'Thursday']),
    }),
    input: (d, asked) => {
      const has = (id) => asked.some((one) => one.slot === id);
      return `A ${has('van') ? 'van' : 'small car'} stood ${Math.floor(d.minutes / 60)} h ${d.minutes % 60} min on a ${has('weekend') ? 'Sunday' : d.day} at ${d.rate} euros an hour.${has('member') ? ' The driver shows a club card.' : ''}${has('lost') ? ' The ticket is lost.' : ''} The fee?`;
    },
    chain: true,
    acts: ['for {case}, {v}', '{v} for {case}', 'with {case}, {v}', 'in the case of {case}, {v}'],
  },
};
