/** Where a statement came from: the explanation of the prompt is made of these. */
export type Origin = {
  /** `start`, `critic`, `editor`, `frame` ... */
  readonly operator: string;
  readonly critique: string;
  /** Ids of the rollouts that were read. */
  readonly rollouts: readonly string[];
};

/** One fact or rule that a prompt may contain. */
export type Statement = {
  readonly index: number;
  readonly text: string;
  readonly words: ReadonlySet<string>;
  /** Statements of one meaning are wordings of each other, or contradict each other; at most one is in a prompt. */
  readonly meaning: number;
  /** Kinds that were missed in the rollouts from which it was derived. */
  readonly evidence: ReadonlySet<number>;
  readonly origins: readonly Origin[];
  /** Always in: placeholders, code blocks, what the user protects. */
  readonly fixed: boolean;
  /** Critiques that wanted it changed or removed. */
  readonly objections: number;
};

/** A whole prompt that statements are put into or taken out of: the starting prompt, or a rewrite by the editor. */
export type Frame = {
  readonly index: number;
  readonly origin: Origin;
  /** Pieces in order; `statement` is undefined for headings and blank lines. */
  readonly pieces: readonly { readonly raw: string; readonly statement: number | undefined }[];
};

/** A prompt as the optimizer thinks of it: a frame, and for each meaning the wording that is in. */
export type Arm = { readonly frame: number; readonly statements: readonly number[] };

/** The prompt of an arm. Statements that the frame does not place are added in the arm's order. */
export function renderArm(arm: Arm, frame: Frame, statements: readonly Statement[]): string {
  const { statements: chosen } = arm;
  const wanted = new Map(chosen.map((index) => [(statements[index] as Statement).meaning, index]));
  const used = new Set<number>();
  const body = frame.pieces
    .map(({ raw, statement: index }) => {
      if (index === undefined) return raw;
      const statement = statements[index] as Statement;
      if (statement.fixed) return raw;
      const choice = wanted.get(statement.meaning);
      if (choice === undefined || used.has(choice)) return /\n$/.test(raw) && !isBullet(raw) ? '\n' : '';
      used.add(choice);
      return choice === index ? raw : raw.replace(statement.text, () => (statements[choice] as Statement).text);
    })
    .join('');
  const rest = chosen.filter((index) => !used.has(index) && !(statements[index] as Statement).fixed);
  const head = body.replace(/\n{3,}/g, '\n\n').trim();
  if (rest.length === 0) return head;
  const bullets = rest.map((index) => `- ${(statements[index] as Statement).text}`).join('\n');
  return head === '' ? bullets : `${head}${endsWithBullet(head) ? '\n' : '\n\n'}${bullets}`;
}

function isBullet(raw: string): boolean {
  return /^\s*(?:[-*•–]|\d{1,2}[.)])\s/.test(raw);
}

function endsWithBullet(text: string): boolean {
  return isBullet(text.slice(text.lastIndexOf('\n') + 1));
}
