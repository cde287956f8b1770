import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Finding } from './critic.ts';
import type { Judgement } from './judge.ts';
import { type Fill, fillSchema, propertyNames, typeOf } from './schema.ts';

/** Replies in the form that a request asks for: JSON schema, field markers, tags, a fence or bare text. */

export function formatFindings(findings: readonly Finding[], text: string, schema: JsonObject | undefined): string {
  if (schema !== undefined) return JSON.stringify(fillSchema(schema, findingsFill(findings)));
  const tag = /<START>/.test(text) ? 'START' : undefined;
  const lines = findings.map(describeFinding);
  if (tag !== undefined) return lines.map((line) => `<START>${line}<END>`).join('\n');
  const list = lines.length === 0 ? '- No change seems necessary.' : lines.map((line) => `- ${line}`).join('\n');
  return wrapInFields(text, list) ?? list;
}

function describeFinding({ text, cause, evidence, operation, target }: Finding): string {
  const seen = evidence.length === 0 ? '' : ` (seen in ${evidence.join(', ')})`;
  const instead = operation === 'replace' ? ` This takes the place of "${target.replace(/[.!?]$/, '')}"` : '';
  return `${text} ${cause.replace(/\.$/, '')}${seen}.${instead}`.trim();
}

function findingsFill(findings: readonly Finding[]): Fill {
  return (name, type, schema) => {
    if (type === 'array') return fillList(name, schema, findings);
    if (type !== 'string' || Array.isArray(schema.enum)) return undefined;
    return findings.map(describeFinding).join('\n');
  };
}

function fillList(name: string, schema: JsonObject, findings: readonly Finding[]): Json {
  const items = isJsonObject(schema.items ?? null) ? (schema.items as JsonObject) : {};
  const most = typeof schema.maxItems === 'number' ? schema.maxItems : findings.length;
  const given = findings.slice(0, most);
  if (EVIDENCE.test(name) && typeOf(items) !== 'object') return [...new Set(given.flatMap(({ evidence }) => evidence))];
  if (typeOf(items) !== 'object' && items.$ref === undefined) {
    return given.map((finding) => (CAUSE.test(name) ? finding.cause : finding.text));
  }
  return given.map((finding) => fillSchema(items, itemFill(finding, propertyNames(items))));
}

const EVIDENCE = /evidence|rollouts?|trace|examples?|cited|sources|(?:^|_)ids$/i;
const CAUSE = /cause|reason|why|diagnos|problem|issue|explanation|rationale|symptom|critique/i;
const TARGET = /target|replaces|old|(?:statement|line|rule)_?(?:id|number)|^id$|^ref$/i;

function itemFill(finding: Finding, names: readonly string[]): Fill {
  const textual = names.some((name) => /^(?:text|replacement|new|new_text|wording|proposal|suggestion)$/i.test(name));
  return (name, type, schema) => {
    if (type === 'array') return EVIDENCE.test(name) ? [...finding.evidence] : fillList(name, schema, [finding]);
    if (Array.isArray(schema.enum)) return pickOption(schema.enum, finding.operation);
    if (type === 'number' || type === 'integer') return undefined;
    if (type === 'boolean') return true;
    if (type !== 'string' && type !== 'any') return undefined;
    if (/^op(?:eration)?$|action|kind|^type$/i.test(name)) return finding.operation;
    if (TARGET.test(name) || (textual && /^statement$/i.test(name))) return finding.target;
    if (EVIDENCE.test(name)) return finding.evidence.join(', ');
    return CAUSE.test(name) ? finding.cause : finding.text;
  };
}

function pickOption(options: readonly Json[], wanted: string): Json {
  return options.find((option) => option === wanted) ?? options[0] ?? null;
}

export function formatPrompts(prompts: readonly string[], text: string, schema: JsonObject | undefined): string {
  const prompt = prompts[0] ?? '';
  if (schema !== undefined) {
    const sentences = prompt.split('\n').map((line) => line.replace(/^- /, ''));
    return JSON.stringify(
      fillSchema(schema, (name, type, own) => {
        if (type === 'array') {
          const items = isJsonObject(own.items ?? null) ? (own.items as JsonObject) : {};
          if (typeOf(items) === 'object') {
            return sentences.map((line) =>
              fillSchema(items, (_name, kind, part) =>
                kind === 'string' && !Array.isArray(part.enum) ? line : undefined,
              ),
            );
          }
          return EVIDENCE.test(name) ? [] : sentences;
        }
        if (type !== 'string' || Array.isArray(own.enum)) return undefined;
        return /reason|explanation|rationale|summary|changes|note/i.test(name) ? 'The advice is worked in.' : prompt;
      }),
    );
  }
  const tag = wantedTag(text);
  if (tag !== undefined) return prompts.map((one) => `<${tag.open}>${one}<${tag.close}>`).join('\n');
  const fielded = wrapInFields(text, prompt);
  if (fielded !== undefined) return fielded;
  return /```/.test(text) &&
    /(?:with)?in (?:a |one |triple )?(?:```|(?:code|fenced) block|backticks)|```[^\n]{0,20}block/i.test(text)
    ? prompts.map((one) => `\`\`\`\n${one}\n\`\`\``).join('\n\n')
    : prompts.join('\n\n');
}

/** Tags that the instructions name: "wrapped with <START> and <END>", "in <prompt> tags", "begin with <INS>". */
function wantedTag(text: string): { readonly open: string; readonly close: string } | undefined {
  if (/<START>/.test(text) && /<END>/.test(text)) return { open: 'START', close: 'END' };
  const match =
    /\b(?:wrap\w*|within|between|inside|with|in|into|put)\b[^.\n<]{0,60}<([A-Za-z][\w-]*)>/i.exec(text) ??
    /\b(?:format|form|so)\b[^\n<]{0,40}:?\s*<([A-Za-z][\w-]*)>/i.exec(text);
  return match?.[1] === undefined ? undefined : { open: match[1], close: `/${match[1]}` };
}

/** `[[ ## field ## ]]` markers as DSPy asks for them: every output field is given. */
export function wrapInFields(text: string, value: string): string | undefined {
  const asked = /starting with the field[^\n]*/i.exec(text)?.[0] ?? '';
  const fields = [...asked.matchAll(/\[\[ ## (\w+) ## \]\]/g)].map((match) => match[1] ?? '');
  if (fields.length === 0) return undefined;
  const main = fields.findLast((name) => name !== 'completed') ?? '';
  return fields
    .map((name) => `[[ ## ${name} ## ]]${name === 'completed' ? '' : `\n${name === main ? value : 'See below.'}\n`}`)
    .join('\n');
}

export function formatJudgement({ score, reason }: Judgement, text: string, schema: JsonObject | undefined): string {
  if (schema !== undefined) {
    return JSON.stringify(
      fillSchema(schema, (name, type, own) => {
        if (type === 'boolean') return score >= 0.5;
        if (type === 'number' || type === 'integer') return scaleTo(score, own, text);
        if (type === 'array') return undefined;
        if (Array.isArray(own.enum)) return pickVerdict(own.enum, score);
        return /score|grade|rating/i.test(name) ? String(score) : reason;
      }),
    );
  }
  const shown = scaleTo(score, {}, text);
  return /only (?:with )?(?:a|the|one) (?:single )?(?:number|score|integer)/i.test(text)
    ? String(shown)
    : `Score: ${shown}\nReason: ${reason}`;
}

function pickVerdict(options: readonly Json[], score: number): Json {
  const good = options.find((option) => /^(?:correct|pass|passed|yes|good|true|ok|a)$/i.test(String(option)));
  const bad = options.find((option) => /^(?:incorrect|fail|failed|no|bad|false|wrong|f)$/i.test(String(option)));
  if (options.every((option) => Number.isFinite(Number(option)))) {
    return options[Math.round(score * (options.length - 1))] ?? null;
  }
  return (score >= 0.5 ? good : bad) ?? options[score >= 0.5 ? 0 : options.length - 1] ?? null;
}

/** On the scale of the schema, else of the text ("0 to 10", "1-5"), else 0..1. */
function scaleTo(score: number, schema: JsonObject, text: string): number {
  const described = /\b([01])\s*(?:to|-|–|\.\.|and)\s*(100|10|5|1)(?:\.0)?\b/.exec(
    `${String(schema.description ?? '')} ${text}`,
  );
  const low = typeof schema.minimum === 'number' ? schema.minimum : Number(described?.[1] ?? 0);
  const high = typeof schema.maximum === 'number' ? schema.maximum : Number(described?.[2] ?? 1);
  const value = low + score * (high - low);
  return schema.type === 'integer' || high > 1 ? Math.round(value) : Math.round(value * 100) / 100;
}
