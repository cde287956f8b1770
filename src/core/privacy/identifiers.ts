import { isBase58Check, luhn, mod97, mod1110, verhoeff, weighted } from './checksums.ts';
import { type Detector, matchRules, type PatternRule } from './detector.ts';

/**
 * National identity numbers. Those with a check digit are recognised by it; short ones, which any number may resemble,
 * only where a word nearby says what they are. Algorithms: the issuing authorities' published rules, as in Presidio.
 */
export const identifierDetector: Detector = {
  name: 'national-ids',
  level: 2,
  detect: (text) => [
    ...(LONG_NUMBER.test(text) ? matchRules(text, NUMBERS) : []),
    ...(LETTERS_THEN_DIGIT.test(text) ? matchRules(text, CODES) : []),
    ...(PASSPORT_WORD.test(text) ? matchRules(text, PASSPORTS) : []),
    ...matchRules(text, WALLETS),
  ],
};

function id(pattern: RegExp, score: number, accept?: (value: string) => boolean, context?: RegExp): PatternRule {
  return {
    type: 'NATIONAL_ID',
    pattern,
    score,
    ...(accept === undefined ? {} : { accept: (value) => accept(value.replace(/[^A-Za-z0-9]/g, '').toUpperCase()) }),
    ...(context === undefined ? {} : { context }),
  };
}

/** Most texts have neither, and need not be searched for twenty kinds of number. */
const LONG_NUMBER = /\d(?:[ .-]?\d){5}/;
const LETTERS_THEN_DIGIT = /[A-Z]{5}\d/i;

const NUMBERS: readonly PatternRule[] = [
  // United States: SSN and ITIN.
  id(/(?<![\w-])(?!000|666)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g, 0.8),
  id(/(?<!\w)(?!000|666|9)\d{9}(?!\w)/g, 0.7, undefined, /(?:\bssn\b|social security)[^\d\n]{0,25}$/i),
  // United Kingdom: National Insurance, NHS.
  id(/(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)/g, 0.8),
  id(/(?<!\w)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\w)/g, 0.85, isNhs, /\bnhs\b[^\d\n]{0,25}$/i),
  // Spain: NIF and NIE.
  id(/(?<!\w)\d{8}-?[A-Z](?!\w)/gi, 0.85, (value) => spanishLetter(value.slice(0, 8)) === value[8]),
  id(
    /(?<!\w)[XYZ]-?\d{7}-?[A-Z](?!\w)/gi,
    0.85,
    (value) => spanishLetter('XYZ'.indexOf(value[0] ?? '') + value.slice(1, 8)) === value[8],
  ),
  // Poland: PESEL.
  id(/(?<!\w)\d{11}(?!\w)/g, 0.75, isPesel),
  // Germany: Steuer-ID.
  id(/(?<!\w)[1-9]\d(?: ?\d{3}){3}(?!\w)/g, 0.8, mod1110, /(?:steuer|tax|idnr|tin\b)[^\d\n]{0,30}$/i),
  // France: NIR.
  id(/(?<!\w)[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w)/g, 0.9, isNir),
  // Netherlands: BSN.
  id(/(?<!\w)\d{9}(?!\w)/g, 0.8, isBsn, /(?:\bbsn\b|burgerservice|sofi)[^\d\n]{0,25}$/i),
  // Brazil: CPF.
  id(/(?<!\w)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\w)/g, 0.9, isCpf),
  id(/(?<!\w)\d{11}(?!\w)/g, 0.8, isCpf, /\bcpf\b[^\d\n]{0,25}$/i),
  // India: Aadhaar.
  id(/(?<!\w)[2-9]\d{3}[ -]\d{4}[ -]\d{4}(?!\w|[ -]\d{4})/g, 0.85, verhoeff),
  id(/(?<!\w)[2-9]\d{11}(?!\w)/g, 0.8, verhoeff, /(?:aadhaar|aadhar|uidai)[^\d\n]{0,25}$/i),
  // Singapore: NRIC and FIN.
  id(/(?<!\w)[STFGM]\d{7}[A-Z](?!\w)/g, 0.85, isNric),
  // Australia: TFN.
  id(
    /(?<!\w)\d{3} ?\d{3} ?\d{3}(?!\w)/g,
    0.8,
    (value) => weighted(value, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    /(?:\btfn\b|tax file)[^\d\n]{0,25}$/i,
  ),
  // Australian businesses (many are one person): ABN, ACN.
  id(/(?<!\w)\d{2} ?\d{3} ?\d{3} ?\d{3}(?!\w)/g, 0.8, isAbn, /\babn\b[^\d\n]{0,25}$/i),
  // Surer than the international phone number that it may look like.
  id(/(?<!\w)\d{3} ?\d{3} ?\d{3}(?!\w)/g, 0.82, isAcn, /\bacn\b[^\d\n]{0,25}$/i),
  // Switzerland: AHV number, an EAN-13 of the country.
  id(/(?<!\w)756\.?\d{4}\.?\d{4}\.?\d{2}(?!\w)/g, 0.85, isEan13),
  // Brazilian businesses: CNPJ.
  id(/(?<!\w)\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}(?!\w)/g, 0.9, isCnpj),
  // Thailand: citizen number.
  id(/(?<!\w)[1-8]-\d{4}-\d{5}-\d{2}-\d(?!\w)/g, 0.85, isThaiId),
  // Finland: henkilötunnus.
  id(
    /(?<!\w)[0-3]\d[01]\d{3}[-+A]\d{3}[0-9A-FHJ-NPR-Y](?!\w)/g,
    0.85,
    // The separator is gone, or is the letter A of the years 2000 to 2099.
    (value) => finnishCheck(value.length === 11 ? value.slice(0, 6) + value.slice(7) : value),
  ),
  // Sweden: personnummer.
  id(
    /(?<!\w)(?:19|20)?\d{6}[-+]\d{4}(?!\w)/g,
    0.8,
    (value) => hasBirthday(value.slice(-10, -4)) && luhn(value.slice(-10)),
  ),
  // South Korea: RRN. China: resident identity. Both name the birthday.
  id(/(?<!\w)\d{6}-[1-4]\d{6}(?!\w)/g, 0.85, (value) => hasBirthday(value.slice(0, 6)) && isRrn(value)),
  id(/(?<!\w)\d{17}[\dXx](?!\w)/g, 0.9, isChineseId),
];

const CODES: readonly PatternRule[] = [
  // Italy: codice fiscale.
  id(/(?<!\w)[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)/gi, 0.9, isCodiceFiscale),
  // India: PAN.
  id(/(?<!\w)[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z](?!\w)/g, 0.75),
  id(/(?<!\w)[A-Z]{5}\d{4}[A-Z](?!\w)/g, 0.75, undefined, /\bpan\b[^\d\n]{0,25}$/i),
];

const PASSPORT_WORD = /pass(?:port|eport|aporte)|pasaporte|reisepass/i;
/** Passport numbers have no common check digit: six to nine letters and digits where the word stands before them. */
const PASSPORTS: readonly PatternRule[] = [
  id(
    /(?<!\w)(?=[A-Z]{0,8}\d)[A-Z0-9]{6,9}(?!\w)/g,
    0.75,
    undefined,
    /(?:pass(?:port|eport|aporte)|pasaporte|reisepass)[^\d\n]{0,25}$/i,
  ),
];

/** Bitcoin addresses: the old form by its checksum, the new one by its prefix. Ethereum's by their length. */
const WALLETS: readonly PatternRule[] = [
  {
    type: 'CRYPTO_ADDRESS',
    hint: /[13][a-km-zA-HJ-NP-Z1-9]{25}/,
    pattern: /(?<![A-Za-z0-9])[13][a-km-zA-HJ-NP-Z1-9]{25,34}(?![A-Za-z0-9])/g,
    score: 0.9,
    accept: isBase58Check,
  },
  {
    type: 'CRYPTO_ADDRESS',
    hint: /bc1/,
    pattern: /(?<![A-Za-z0-9])bc1[ac-hj-np-z02-9]{11,71}(?![A-Za-z0-9])/g,
    score: 0.9,
  },
  {
    type: 'CRYPTO_ADDRESS',
    hint: /0x/,
    pattern: /(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?![A-Za-z0-9])/g,
    // Surer than the card number that its digits may look like.
    score: 0.93,
  },
];

function isNhs(value: string): boolean {
  const check = 11 - (weighted(value, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return (check === 11 ? 0 : check) === Number(value[9]);
}

function spanishLetter(digits: string): string | undefined {
  return 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23];
}

/** Values of the characters at odd places; at even places a letter counts its position and a digit itself. */
const ODD_VALUES = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isCodiceFiscale(value: string): boolean {
  let sum = 0;
  for (let index = 0; index < 15; index++) {
    const code = Number.parseInt(value[index] ?? '', 36);
    const position = code > 9 ? code - 10 : code;
    sum += index % 2 === 0 ? (ODD_VALUES[position] ?? 0) : position;
  }
  return String.fromCharCode(65 + (sum % 26)) === value[15];
}

/** Months run to 92: the century is added to them in steps of 20. */
function isPesel(value: string): boolean {
  const month = Number(value.slice(2, 4)) % 20;
  const day = Number(value.slice(4, 6));
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  return (10 - (weighted(value, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === Number(value[10]);
}

/** Corsica's departments 2A and 2B count as 19 and 18. */
function isNir(value: string): boolean {
  const number = value.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return 97 - mod97(number) === Number(value.slice(13));
}

function isBsn(value: string): boolean {
  return value !== '000000000' && weighted(value, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

function isCpf(value: string): boolean {
  if (/^(\d)\1+$/.test(value)) return false;
  const first = ((weighted(value, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10;
  const second = ((weighted(value, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10;
  return first === Number(value[9]) && second === Number(value[10]);
}

/** One is taken from the first digit. */
function isAbn(value: string): boolean {
  return (weighted(value, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0;
}

function isAcn(value: string): boolean {
  return (10 - (weighted(value, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === Number(value[8]);
}

function isEan13(value: string): boolean {
  return weighted(value, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0;
}

function isCnpj(value: string): boolean {
  if (/^(\d)\1+$/.test(value)) return false;
  const weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
  const check = (rest: number): number => (rest < 2 ? 0 : 11 - rest);
  return (
    check(weighted(value, weights.slice(1)) % 11) === Number(value[12]) &&
    check(weighted(value, weights) % 11) === Number(value[13])
  );
}

function isThaiId(value: string): boolean {
  return (11 - (weighted(value, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === Number(value[12]);
}

function isNric(value: string): boolean {
  const sum = weighted(value.slice(1), [2, 7, 6, 5, 4, 3, 2]);
  const kind = value[0] ?? '';
  const offset = 'TG'.includes(kind) ? 4 : kind === 'M' ? 3 : 0;
  const letters = 'ST'.includes(kind) ? 'JZIHGFEDCBA' : kind === 'M' ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK';
  const index = (sum + offset) % 11;
  return letters[kind === 'M' ? 10 - index : index] === value[8];
}

function finnishCheck(value: string): boolean {
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(value.slice(0, 9)) % 31] === value[9];
}

/** `yymmdd` */
function hasBirthday(digits: string): boolean {
  const month = Number(digits.slice(2, 4));
  const day = Number(digits.slice(4, 6));
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isRrn(value: string): boolean {
  return (11 - (weighted(value, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 === Number(value[12]);
}

function isChineseId(value: string): boolean {
  const sum = weighted(value, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return hasBirthday(value.slice(8, 14)) && '10X98765432'[sum % 11] === value[17];
}
