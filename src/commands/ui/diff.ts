import { diffWordsWithSpace } from 'diff';
import pc from 'picocolors';
import { terminalSafe } from '../../platform/text.ts';

export type DiffPart = { readonly kind: 'same' | 'removed' | 'added'; readonly text: string };

/** Word by word; white space counts, because it can matter to a model. */
export function diffText(before: string, after: string): readonly DiffPart[] {
  return diffWordsWithSpace(before, after).map(({ added, removed, value }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }));
}

/** Components by name; a component that one side lacks is compared with nothing. Unchanged ones are left out. */
export function diffComponents(
  before: { readonly [name: string]: string },
  after: { readonly [name: string]: string },
): { readonly [name: string]: readonly DiffPart[] } {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return Object.fromEntries(
    names
      .filter((name) => before[name] !== after[name])
      .map((name) => [name, diffText(before[name] ?? '', after[name] ?? '')]),
  );
}

/** Red and green on a terminal with colours; `[-removed-]{+added+}` as in git's word diff without. */
export function renderDiff(parts: readonly DiffPart[]): string {
  return parts
    .map(({ kind, text }) => {
      const safe = terminalSafe(text);
      if (kind === 'same') return safe;
      if (pc.isColorSupported) return kind === 'removed' ? pc.red(pc.strikethrough(safe)) : pc.green(safe);
      return kind === 'removed' ? `[-${safe}-]` : `{+${safe}+}`;
    })
    .join('');
}

export function renderComponentDiff(components: { readonly [name: string]: readonly DiffPart[] }): string {
  const entries = Object.entries(components);
  if (entries.length === 0) return pc.dim('no difference');
  return entries
    .map(([name, parts]) =>
      entries.length === 1 && name === 'system'
        ? renderDiff(parts)
        : `${pc.bold(`## ${terminalSafe(name)}`)}\n${renderDiff(parts)}`,
    )
    .join('\n\n');
}
