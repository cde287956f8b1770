import type { Agent } from '../../agents/agent.ts';
import type { Environment } from '../../config/environment.ts';
import type { Config, RoleConfig } from '../../config/schema.ts';
import { canonicalJson } from '../../core/json.ts';
import type { RoleBinding } from '../../engine/calls.ts';
import { createLimiter } from '../../engine/limiter.ts';
import type { Grader } from '../../graders/grader.ts';
import { type Model, ROLES, type Role } from '../../models/model.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadPlugin } from '../../plugins.ts';

export type Roles = { readonly [role in Role]: RoleBinding };

/** Whether a run asks the model of a role at all. */
export function isAsked(role: Role, { agent, grader }: { readonly agent: Agent; readonly grader: Grader }): boolean {
  if (role === 'agent') return agent.usesModel !== false;
  return role !== 'grader' || grader.usesModel;
}

/**
 * Loads the model of each role. Roles with the same provider options share the client, with the same model the limiter.
 * @param users who decide which roles are asked: one that is not needs no key
 */
export async function loadRoles(
  config: Config,
  users: { readonly agent: Agent; readonly grader: Grader },
  context: { readonly folder: string; readonly environment: Environment },
): Promise<Roles> {
  const models = new Map<string, Promise<Model>>();
  const limiters = new Map<string, RoleBinding['limiter']>();

  async function bind(role: Role, spec: RoleConfig): Promise<RoleBinding> {
    const { model: name, temperature, maxOutputTokens, ...provider } = spec;
    const providerKey = canonicalJson(provider);
    const model = models.get(providerKey) ?? loadPlugin('model', provider, context);
    models.set(providerKey, model);
    const limiterKey = canonicalJson([provider, name]);
    const limiter = limiters.get(limiterKey) ?? createLimiter({ concurrency: config.concurrency, clock: systemClock });
    limiters.set(limiterKey, limiter);
    const bound = isAsked(role, users) ? await model : await model.catch(withoutModel);
    return { model: bound, name, temperature, maxOutputTokens, limiter };
  }

  const bindings: [Role, RoleBinding][] = [];
  for (const role of ROLES) bindings.push([role, await bind(role, config.models[role])]);
  return Object.fromEntries(bindings) as Roles;
}

/** Nobody asks it; whoever does all the same is told why it is not there. */
function withoutModel(error: unknown): Model {
  return { provider: 'none', simulated: false, chat: () => Promise.reject(error) };
}
