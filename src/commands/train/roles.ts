import type { Environment } from '../../config/environment.ts';
import type { Config, RoleConfig } from '../../config/schema.ts';
import { canonicalJson } from '../../core/json.ts';
import type { RoleBinding } from '../../engine/calls.ts';
import { createLimiter } from '../../engine/limiter.ts';
import { type Model, ROLES, type Role } from '../../models/model.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadPlugin } from '../../plugins.ts';

export type Roles = { readonly [role in Role]: RoleBinding };

/** Loads the model of each role. Roles with the same provider options share the client, with the same model the limiter. */
export async function loadRoles(
  config: Config,
  context: { readonly folder: string; readonly environment: Environment },
): Promise<Roles> {
  const models = new Map<string, Promise<Model>>();
  const limiters = new Map<string, RoleBinding['limiter']>();

  async function bind(spec: RoleConfig): Promise<RoleBinding> {
    const { model: name, temperature, maxOutputTokens, ...provider } = spec;
    const providerKey = canonicalJson(provider);
    const model = models.get(providerKey) ?? loadPlugin('model', provider, context);
    models.set(providerKey, model);
    const limiterKey = canonicalJson([provider, name]);
    const limiter = limiters.get(limiterKey) ?? createLimiter({ concurrency: config.concurrency, clock: systemClock });
    limiters.set(limiterKey, limiter);
    return { model: await model, name, temperature, maxOutputTokens, limiter };
  }

  const bindings: [Role, RoleBinding][] = [];
  for (const role of ROLES) bindings.push([role, await bind(config.models[role])]);
  return Object.fromEntries(bindings) as Roles;
}
