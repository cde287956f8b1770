import { hashOf } from '../../core/json.ts';

/** What binds a sample to others: they go to one side of a split together. */
export type Bond = { readonly sessionHash: string; readonly userHash: string | null };

/**
 * Divides samples into training and validation so that no session and no user is on both sides. Sessions of one user,
 * and users of one session, form one group; groups go to validation in the order of their hash until its share is
 * reached, so the same data is always divided the same way, however it is ordered.
 */
export type Splitter = {
  add(bond: Bond): void;
  /** Call when every bond was added. */
  sideOf(bond: Bond): 'train' | 'val';
};

export function createSplitter(valShare: number): Splitter {
  const parents = new Map<string, string>();
  const sizes = new Map<string, number>();
  let sides: Map<string, 'train' | 'val'> | undefined;

  function find(node: string): string {
    let root = node;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    for (let next = node; next !== root; ) {
      const parent = parents.get(next) ?? root;
      parents.set(next, root);
      next = parent;
    }
    return root;
  }

  function decide(): Map<string, 'train' | 'val'> {
    const counts = new Map<string, { size: number; name: string }>();
    for (const [node, size] of sizes) {
      const root = find(node);
      const known = counts.get(root);
      // A group is named by its smallest member: the root depends on the order of arrival.
      if (known === undefined) counts.set(root, { size, name: node });
      else counts.set(root, { size: known.size + size, name: first(node, known.name) });
    }
    const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    const groups = [...counts].map(([root, { size, name }]) => ({ root, size, order: hashOf(name) }));
    groups.sort((a, b) => (a.order < b.order ? -1 : 1));
    const decided = new Map<string, 'train' | 'val'>();
    let taken = 0;
    for (const { root, size } of groups) {
      const nearer = Math.abs(taken + size - valShare * total) < Math.abs(taken - valShare * total);
      const val = nearer && taken + size < total;
      decided.set(root, val ? 'val' : 'train');
      if (val) taken += size;
    }
    const smallest = groups.toSorted((x, y) => x.size - y.size)[0];
    // Neither side may be empty where there are two groups to divide.
    if (taken === 0 && groups.length > 1 && smallest !== undefined) decided.set(smallest.root, 'val');
    return decided;
  }

  return {
    add({ sessionHash, userHash }) {
      const session = `s:${sessionHash}`;
      sizes.set(session, (sizes.get(session) ?? 0) + 1);
      if (userHash === null) return;
      const a = find(session);
      const b = find(`u:${userHash}`);
      if (a !== b) parents.set(a, b);
    },
    sideOf({ sessionHash }) {
      sides ??= decide();
      return sides.get(find(`s:${sessionHash}`)) ?? 'train';
    },
  };
}

function first(a: string, b: string): string {
  return [a, b].sort()[0] ?? a;
}
