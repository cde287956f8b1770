import { ApoError } from './errors.ts';
import { hashOf } from './json.ts';

/** The text under training: one or more named components. Immutable; `id` is derived from the content. */
export type Prompt = {
  /** `p-` and the first 12 hex digits of the SHA-256 of the components. */
  readonly id: string;
  /** Component name -> text. The chat agent renders `system`; a component `tool:<name>` is that tool's description. */
  readonly components: { readonly [name: string]: string };
};

/** The component that a plain text prompt consists of. */
export const SYSTEM = 'system';

/** The component that takes the place of `system` for tasks of one category. */
export function domainComponent(category: string): string {
  return `${SYSTEM}@${category}`;
}

/** The component that a category's takes the place of; any other is its own. */
export function generalComponent(component: string): string {
  return component.startsWith(domainComponent('')) ? SYSTEM : component;
}

export function createPrompt(content: string | { readonly [name: string]: string }): Prompt {
  const components = typeof content === 'string' ? { [SYSTEM]: content } : { ...content };
  return { id: `p-${hashOf(components).slice(0, 12)}`, components };
}

/** The text that people see: the system component alone, or all components under their names. */
export function promptText(prompt: Prompt): string {
  const names = Object.keys(prompt.components);
  if (names.length === 1 && names[0] === SYSTEM) return prompt.components[SYSTEM] ?? '';
  return names.map((name) => `## ${name}\n${prompt.components[name]}`).join('\n\n');
}

type Part = { readonly text: string } | { readonly variable: string };

const PLACEHOLDER = /\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}/g;

/** Splits a template once; rendering never looks at the values for further placeholders. */
export function parseTemplate(template: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push({ text: template.slice(end, match.index) });
    parts.push({ variable: match[1] as string });
    end = match.index + match[0].length;
  }
  if (end < template.length) parts.push({ text: template.slice(end) });
  return parts;
}

/** Names of the `{{placeholders}}` of a text, each once, in order of appearance. */
export function placeholdersOf(template: string): readonly string[] {
  return [...new Set(parseTemplate(template).flatMap((part) => ('variable' in part ? [part.variable] : [])))];
}

/**
 * Fills `{{placeholders}}` in one pass. Strict both ways.
 * @throws ApoError `prompt-invalid` when a placeholder has no value, or (unless `allowUnused`) a value has no placeholder.
 */
export function renderTemplate(
  template: string,
  values: { readonly [name: string]: string },
  options: { readonly allowUnused?: boolean } = {},
): string {
  const parts = parseTemplate(template);
  const wanted = placeholdersOf(template);
  const missing = wanted.filter((name) => !Object.hasOwn(values, name));
  if (missing.length > 0) {
    throw new ApoError('prompt-invalid', `prompt has no value for {{${missing.join('}}, {{')}}}`, {
      hint: `give a value for ${missing.map((name) => `"${name}"`).join(', ')} or remove the placeholder`,
    });
  }
  const unknown = options.allowUnused === true ? [] : Object.keys(values).filter((name) => !wanted.includes(name));
  if (unknown.length > 0) {
    throw new ApoError('prompt-invalid', `prompt has no placeholder {{${unknown.join('}}, {{')}}}`, {
      hint: `the prompt knows ${wanted.length === 0 ? 'no placeholders' : wanted.map((name) => `{{${name}}}`).join(', ')}`,
    });
  }
  return parts.map((part) => ('text' in part ? part.text : (values[part.variable] ?? ''))).join('');
}
