// Statements of the grammar that say nothing about a world: for canaries.
import { createRandom } from '../../dist/core/random.js';
import { BEHAVIOURS } from '../../dist/models/simulated/behaviours.js';
import { SCOPES } from '../../dist/models/simulated/scopes.js';
import { wordStatement } from '../../dist/models/simulated/statements.js';

export function randomStatements(random, size) {
  return Array.from({ length: size }, () => {
    const behaviour = random.pick(BEHAVIOURS);
    const argument = random.pick(Object.keys(behaviour.forms));
    return wordStatement(
      { scope: random.pick(SCOPES).id, behaviour: behaviour.id, argument, negated: false },
      random,
      true,
    );
  });
}

export function allStatements() {
  const random = createRandom('stuff');
  return SCOPES.flatMap(({ id: scope }) =>
    BEHAVIOURS.flatMap(({ id, forms }) =>
      Object.keys(forms).map((argument) =>
        wordStatement({ scope, behaviour: id, argument, negated: false }, random, false),
      ),
    ),
  );
}
