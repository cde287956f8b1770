/** How a kind of world is drawn. A pair is the range from which each world draws its own value. */
export type Family = {
  /** Number of hidden rules. */
  readonly rules: Range;
  /** Zipf exponent of how often a rule is needed; 0 is uniform. */
  readonly zipf: Range;
  /** Probability of meeting a rule that the prompt does not state. */
  readonly unstated: Range;
  /** The same when it is stated exactly. */
  readonly stated: Range;
  /** Share of the way from unstated to stated that vague or over-general advice gets. */
  readonly vague: Range;
  /** Failures that no prompt can prevent. */
  readonly slip: Range;
  /** Number of statements that the agent can follow without losing any. */
  readonly room: Range;
  /** Loss of attention per statement beyond `room`. */
  readonly dilution: Range;
  /** How many of the decoys do harm, to which share of the tasks, and how much. */
  readonly harmful: Range;
  readonly harmShare: Range;
  readonly harm: Range;
  /** Probability that a failure shows what is wrong, in answers and in a judge's reasons. */
  readonly visible: Range;
  /** Probability that a judge's score is wrong. */
  readonly judgeNoise: Range;
  /** Critic: probability of naming the right rule from one failure, and its loss per example beyond three. */
  readonly critic: Range;
  readonly load: Range;
  /** Critic: probability of citing the example that it really read. */
  readonly cite: Range;
  /** Critic and editor choose their words from the whole grammar each time. */
  readonly freeWording: boolean;
  /** Share of rules that only work together with another rule's statement. */
  readonly synergy: Range;
  /** Share of rules whose statement only works after another rule's statement. */
  readonly order: Range;
  /** Share of the start prompt's rules that it states already, the frequent ones first. */
  readonly seeded: Range;
  /** Number of harmful decoys in the start prompt. */
  readonly seededHarm: number;
  /** The start prompt opens with a frame that spoils all statements while any part of it stands. */
  readonly framed: boolean;
  /** No rule can be learned: what is missing cannot be stated. */
  readonly hopeless: boolean;
  /** Offer of tools is taken up. */
  readonly tools: boolean;
};

export type Range = readonly [low: number, high: number];

/** The numbers of a family's ranges as drawn for one world. */
export type WorldValues = { readonly [K in keyof Family]: Family[K] extends readonly unknown[] ? number : Family[K] };

const plain: Family = {
  rules: [24, 36],
  zipf: [0.6, 1],
  unstated: [0.05, 0.5],
  stated: [0.96, 0.96],
  vague: [0.6, 0.6],
  slip: [0.02, 0.06],
  room: [20, 28],
  dilution: [0.008, 0.016],
  harmful: [6, 10],
  harmShare: [0.25, 0.5],
  harm: [0.25, 0.5],
  visible: [0.75, 0.9],
  judgeNoise: [0.02, 0.05],
  critic: [0.55, 0.75],
  load: [0.06, 0.12],
  cite: [0.8, 0.95],
  freeWording: false,
  synergy: [0, 0],
  order: [0, 0],
  seeded: [0, 0],
  seededHarm: 0,
  framed: false,
  hopeless: false,
  tools: false,
};

/** Families by name. `quickstart` is small and friendly; the others are the benchmark's, several meant to hurt. */
export const FAMILIES = {
  quickstart: {
    ...plain,
    rules: [9, 9],
    zipf: [0.3, 0.3],
    unstated: [0.1, 0.45],
    slip: [0.02, 0.02],
    room: [18, 18],
    visible: [0.95, 0.95],
    judgeNoise: [0.02, 0.02],
    critic: [0.75, 0.75],
    tools: true,
  },
  plain,
  'words-anew': { ...plain, freeWording: true },
  'long-tail': { ...plain, rules: [50, 60], zipf: [0, 0.3], room: [40, 50] },
  'strong-seed': { ...plain, seeded: [0.6, 0.75], room: [32, 40] },
  'harmful-seed': { ...plain, seededHarm: 3 },
  interacting: { ...plain, synergy: [0.5, 0.7] },
  ordered: { ...plain, order: [0.5, 0.7] },
  'whole-rewrites': { ...plain, framed: true },
  hopeless: { ...plain, unstated: [0.3, 0.6], hopeless: true },
  'noisy-judge': { ...plain, judgeNoise: [0.2, 0.3], slip: [0.15, 0.25] },
  'weak-rules': { ...plain, stated: [0.75, 0.75] },
  'wrong-citations': { ...plain, cite: [0.2, 0.4] },
  'bad-critic': { ...plain, critic: [0.25, 0.35], visible: [0.4, 0.5] },
  crowded: { ...plain, room: [8, 12], dilution: [0.03, 0.05] },
} as const satisfies { readonly [name: string]: Family };

export type FamilyName = keyof typeof FAMILIES;

export function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(FAMILIES, name);
}
