import { type Detection, type Detector, matchRules, type PatternRule } from './detector.ts';

/** Keys, tokens and passwords: removed from level 1 on, always under the type SECRET. */
export const secretDetector: Detector = {
  name: 'secrets',
  level: 1,
  detect: (text) => [...matchRules(text, RULES), ...findPrivateKeys(text)],
};

const SCORE = 0.95;

/** Shapes of the issuers' own. */
const KEYS = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse.
  '[sp]k-[A-Za-z0-9_-]{16,}',
  // Stripe.
  '(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}',
  'whsec_[A-Za-z0-9+/=]{16,}',
  // GitHub and GitLab.
  'gh[pousr]_[A-Za-z0-9]{20,}',
  'github_pat_[A-Za-z0-9_]{20,}',
  'glpat-[A-Za-z0-9_-]{16,}',
  // Amazon, Google, Slack, Hugging Face, npm, SendGrid, Twilio, Groq, xAI, PyPI, DigitalOcean, Databricks, Telegram.
  '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])',
  'AIza[A-Za-z0-9_-]{35,60}',
  'GOCSPX-[A-Za-z0-9_-]{20,}',
  'ya29\\.[A-Za-z0-9_-]{20,}',
  'xox[abeoprs]-[A-Za-z0-9-]{10,}',
  'hf_[A-Za-z0-9]{20,}',
  'npm_[A-Za-z0-9]{30,}',
  'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}',
  '(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])',
  '(?:gsk|xai|pypi|dop_v1|nvapi|r8|pplx|lsv2_pt|lsv2_sk)[_-][A-Za-z0-9_-]{20,}',
  'dapi[0-9a-f]{32}',
  '\\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])',
];

/** Starts are guarded, and a match is consumed whether it is accepted or not: no text takes more than linear time. */
const RULES: readonly PatternRule[] = [
  { type: 'SECRET', pattern: new RegExp(`(?<![A-Za-z0-9_])(?:${KEYS.join('|')})`, 'g'), score: SCORE },
  // JSON Web Tokens, signed or encrypted.
  {
    type: 'SECRET',
    hint: /eyJ/,
    pattern: /(?<![A-Za-z0-9_-])(?<value>eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4})/g,
    score: SCORE,
  },
  {
    type: 'SECRET',
    hint: /hooks\.slack/,
    pattern: /https:\/\/hooks\.slack\.com\/(?:services|workflows)\/(?<value>[A-Za-z0-9/_-]{16,120})/g,
    score: SCORE,
  },
  {
    type: 'SECRET',
    hint: /api\/webhooks/,
    pattern: /https:\/\/(?:\w{1,10}\.)?discord(?:app)?\.com\/api\/webhooks\/\d{5,25}\/(?<value>[A-Za-z0-9_-]{30,120})/g,
    score: SCORE,
  },
  // Cookies of a request or a response, as long as they are name and value: who has them is logged in.
  {
    type: 'SECRET',
    hint: /cookie/i,
    pattern:
      /(?<![A-Za-z0-9])(?:set-)?cookie["']?\s{0,3}[:=]\s{0,3}["']?(?<value>[\w.-]{1,100}=[^\s;,"'<>]{1,4000}(?:; ?[\w.-]{1,100}=[^\s;,"'<>]{1,4000}){0,50})/gi,
    score: 0.9,
    accept: (value) => value.length >= 12 && hasDigit(value),
  },
  // The password of a URL.
  {
    type: 'SECRET',
    hint: /:\/\//,
    pattern: /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/<>"']{0,100}:(?<value>[^\s@/<>"']{1,200})(?=@)/gi,
    // Surer than the mail address that it looks like together with the host.
    score: 0.96,
  },
  {
    type: 'SECRET',
    pattern: /(?<![A-Za-z0-9_])(?:Bearer|Basic|Token|Apikey)[ \t]{1,4}(?<value>[A-Za-z0-9._~+/=-]{12,4000})/gi,
    score: 0.9,
    accept: (value) => hasDigit(value) && entropy(value) >= 2.5,
  },
  {
    type: 'SECRET',
    hint: /key|secret|token|auth|credential/i,
    pattern:
      /(?:api[_-]?key|apikey|secret|token|access[_-]?key|account[_-]?key|private[_-]?key|auth|credentials?)[A-Za-z0-9_-]{0,20}["']?\s{0,3}(?:[:=]|=>|is)\s{0,3}["']?(?<value>[^\s"',;&<>{}]{10,500})/gi,
    score: 0.85,
    accept: isRandomLooking,
  },
  {
    type: 'SECRET',
    hint: /pass|pwd|contraseña|mot de/i,
    pattern:
      /(?:passw(?:or)?d|passwort|passphrase|pwd|contraseña|mot de passe)["']?\s{0,3}(?:[:=]|=>|is|ist|es)\s{0,3}["']?(?<value>[^\s"',;<>{}]{4,200})/gi,
    score: 0.85,
    accept: isPasswordLike,
  },
];

/** Names of members whose value is a secret by itself: in JSON the name stands apart from the value. */
export const SECRET_NAME =
  /(?:api[_-]?key|apikey|secret|token|access[_-]?key|account[_-]?key|private[_-]?key|credential|passw(?:or)?d|passphrase|pwd)/i;

/** Whether a member of this name and value should be hidden as a whole. Token counts and limits are numbers. */
export function isSecretMember(name: string, value: string): boolean {
  if (!SECRET_NAME.test(name)) return false;
  return /passw|pwd|passphrase/i.test(name) ? isPasswordLike(value) : isRandomLooking(value);
}

function hasDigit(value: string): boolean {
  return /\d/.test(value);
}

/** Long, mixed and without pattern: `k7Gx…`, not `your-api-key-here` or `max_tokens=4096`. */
function isRandomLooking(value: string): boolean {
  return value.length >= 10 && hasDigit(value) && /[A-Za-z]/.test(value) && entropy(value) >= 3;
}

/** A password is shown by having more than letters: `password: required` is prose. */
function isPasswordLike(value: string): boolean {
  return value.length >= 4 && (hasDigit(value) || /[!@#$%^&*?+~]/.test(value.slice(0, -1)));
}

/** Shannon entropy in bits for each character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const BEGIN_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const END_KEY = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/** From BEGIN to its END; without an END (a cut text), to the end of the text: the key's bytes are what matters. */
function findPrivateKeys(text: string): readonly Detection[] {
  const found: Detection[] = [];
  if (!text.includes('-----BEGIN')) return found;
  const ends = [...text.matchAll(END_KEY)].map((match) => match.index + match[0].length);
  let covered = 0;
  let next = 0;
  for (const match of text.matchAll(BEGIN_KEY)) {
    if (match.index < covered) continue;
    while (next < ends.length && (ends[next] ?? 0) <= match.index) next++;
    covered = ends[next] ?? text.length;
    found.push({ type: 'SECRET', start: match.index, end: covered, score: 1 });
  }
  return found;
}
