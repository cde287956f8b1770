import { ApoError, isApoError } from '../../core/errors.ts';
import {
  domainComponent,
  generalComponent,
  type Prompt,
  placeholdersOf,
  renderTemplate,
  SYSTEM,
} from '../../core/prompt.ts';
import type { Task } from '../../core/task.ts';

const TOOL_PREFIX = 'tool:';

/** What a prompt says for one task. */
export type RenderedPrompt = {
  readonly system: string;
  /** Tool name -> description, of the components `tool:<name>`. */
  readonly toolDescriptions: { readonly [tool: string]: string };
};

type Variables = { readonly [name: string]: string };

/** Placeholders that every task can fill. The expected answer is not one: the agent must not see it. */
const TASK_FIELDS: { readonly [name: string]: (task: Task) => string | null } = {
  input: (task) => task.input,
  task: (task) => task.input,
  question: (task) => task.input,
  id: (task) => task.id,
  category: (task) => task.category,
  difficulty: (task) => task.difficulty,
  context: (task) => task.context.map(({ role, content }) => `${role}: ${content}`).join('\n'),
};

/**
 * Fills the placeholders of all components. A placeholder takes its value from the component of that name, then from
 * `variables`, then from the task: a field, or `metadata.<key>` where the value is a string, number or boolean. A prefix
 * `task.` is allowed. Components are not looked into for further components, and values never for placeholders.
 * @throws ApoError `prompt-invalid` when the task has no value for a placeholder.
 */
export function renderPrompt(prompt: Prompt, task: Task, variables: Variables): RenderedPrompt {
  const render = (template: string, known: Variables): string => {
    const values: { [name: string]: string } = {};
    for (const name of placeholdersOf(template)) {
      const value = Object.hasOwn(known, name) ? known[name] : taskValue(task, name);
      if (value !== undefined && value !== null) values[name] = value;
    }
    try {
      return renderTemplate(template, values);
    } catch (error) {
      if (!isApoError(error)) throw error;
      throw new ApoError(error.code, `${error.message} - on task ${task.id}`, { hint: error.hint ?? '' });
    }
  };
  const texts: { [component: string]: string } = {};
  for (const [name, template] of Object.entries(prompt.components)) {
    if (!isSystem(name)) texts[name] = render(template, variables);
  }
  const toolDescriptions: { [tool: string]: string } = {};
  for (const [name, text] of Object.entries(texts)) {
    if (name.startsWith(TOOL_PREFIX)) toolDescriptions[name.slice(TOOL_PREFIX.length)] = text;
  }
  const own = task.category === null ? undefined : prompt.components[domainComponent(task.category)];
  return { system: render(own ?? prompt.components[SYSTEM] ?? '', { ...variables, ...texts }), toolDescriptions };
}

/**
 * Checks everything about a prompt that does not need a task.
 * @throws ApoError `prompt-invalid`: no system component, a placeholder that nothing can fill, a variable or a component
 * that is never used, a description of a tool that does not exist.
 */
export function checkPrompt(prompt: Prompt, variables: Variables, tools: readonly string[] | undefined): void {
  const { components } = prompt;
  const system = components[SYSTEM];
  if (system === undefined) {
    throw new ApoError('prompt-invalid', 'prompt has no "system" component', {
      hint: 'the chat agent sends the component "system"; give it a text',
    });
  }
  const used = new Set<string>();
  for (const [component, template] of Object.entries(components)) {
    for (const name of placeholdersOf(template)) {
      used.add(name);
      const fromComponent = isSystem(component) && !isSystem(name) && Object.hasOwn(components, name);
      if (!fromComponent && !Object.hasOwn(variables, name) && !isTaskPlaceholder(name)) {
        throw new ApoError('prompt-invalid', `prompt has an unknown placeholder {{${name}}}`, {
          hint: `known are ${knownPlaceholders(variables)}; declare others under agent "variables"`,
        });
      }
    }
  }
  const unused = Object.keys(variables).find((name) => !used.has(name));
  if (unused !== undefined) {
    throw new ApoError('prompt-invalid', `prompt has no placeholder {{${unused}}} for the variable "${unused}"`, {
      hint: 'put the placeholder into the prompt, or remove the variable',
    });
  }
  for (const name of Object.keys(components)) {
    if (name.startsWith(TOOL_PREFIX)) {
      const tool = name.slice(TOOL_PREFIX.length);
      if (tools !== undefined && !tools.includes(tool)) {
        throw new ApoError('prompt-invalid', `prompt describes an unknown tool "${tool}"`, {
          hint: `the tools module has ${tools.join(', ') || 'no tools'}`,
        });
      }
    } else if (!isSystem(name) && !used.has(name)) {
      throw new ApoError('prompt-invalid', `prompt component "${name}" is never used`, {
        hint: `put {{${name}}} into the system component, or remove the component`,
      });
    }
  }
}

/** The system prompt, or the one of a category (`system@<category>`). */
function isSystem(component: string): boolean {
  return generalComponent(component) === SYSTEM;
}

function knownPlaceholders(variables: Variables): string {
  const names = [...Object.keys(variables), ...Object.keys(TASK_FIELDS), 'metadata.<key>'];
  return [...new Set(names)].map((name) => `{{${name}}}`).join(', ');
}

function isTaskPlaceholder(name: string): boolean {
  const path = name.replace(/^task\./, '');
  return Object.hasOwn(TASK_FIELDS, path) || /^metadata\../.test(path);
}

function taskValue(task: Task, name: string): string | null {
  const path = name.replace(/^task\./, '');
  if (Object.hasOwn(TASK_FIELDS, path)) return TASK_FIELDS[path]?.(task) ?? null;
  const key = path.replace(/^metadata\./, '');
  const value = key !== path && Object.hasOwn(task.metadata, key) ? task.metadata[key] : null;
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : null;
}
