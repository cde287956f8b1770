import { type Prompt, placeholdersOf } from '../../core/prompt.ts';
import { BULLET, splitPrompt, statementOf, statementsOf } from '../../core/statements.ts';
import type { OptimizerContext } from '../optimizer.ts';
import { type Evidence, evidenceTexts } from '../shared/evidence.ts';
import { createFence } from '../shared/fence.ts';
import { LEFT_OUT, withoutQuotations } from '../shared/quotations.ts';
import { reflectionRequest } from '../shared/reflect.ts';
import { readReply } from '../shared/reply.ts';
import { trainedText } from './component.ts';
import { criticRequest, parseFindings } from './critic.ts';
import { editorRequest, newStatements, promptFromReply } from './editor.ts';
import type { Proposal } from './proposal.ts';
import { revise } from './revise.ts';

export type ProposeInput = {
  readonly parent: Prompt;
  /** Of the prompt that the critic is shown, in order. */
  readonly statements: readonly string[];
  readonly failures: readonly Evidence[];
  readonly passes: readonly Evidence[];
  readonly useless: readonly string[];
  readonly sample: number;
  /**
   * `rewrite`: an editor writes the whole prompt anew, also where the critic keeps to the schema. `reflect`: the critic writes it
   * at once, without a critique. Default `edit`.
   */
  readonly mode?: 'edit' | 'rewrite' | 'reflect';
};

export type Proposed = {
  readonly proposals: readonly Proposal[];
  /** The parent's text with all that the critique asks for, when an editor wrote it. */
  readonly edited: string | undefined;
};

/** What is taken from one reply: an editor that answers with a book has not found a hundred causes. */
const MOST_PROPOSALS = 16;
const NOTHING: Proposed = { proposals: [], edited: undefined };

/**
 * One critique of a group of failures, as statements and as a whole prompt. A critic that answers by the schema needs no
 * editor; of one that writes sentences the editor makes a prompt, and what is new in it are the statements.
 */
export async function propose(context: OptimizerContext, input: ProposeInput): Promise<Proposed> {
  const { failures, passes, parent, sample, mode = 'edit' } = input;
  if (mode === 'reflect') return reflect(context, input);
  const reply = await context.ask(
    'critic',
    criticRequest({ ...input, fence: createFence([...failures, ...passes].flatMap(evidenceTexts)) }),
    sample,
  );
  if (reply === undefined || reply.trim() === '') return NOTHING;
  const ids = failures.map(({ scored }) => scored.rollout.id);
  const findings = parseFindings(reply);
  if (findings !== undefined) {
    const proposals = findings
      .slice(0, MOST_PROPOSALS)
      .map(({ operation, statement, target, evidence, cause }): Proposal => {
        const cited = ids.filter((id) => evidence.includes(id));
        return {
          text: statement,
          target,
          removal: operation === 'remove',
          critique: cause,
          operator: 'critic',
          rollouts: cited.length > 0 ? cited : ids,
        };
      });
    const wanted = proposals.filter(({ removal }) => !removal);
    if (mode === 'edit' || wanted.length === 0) return { proposals, edited: undefined };
    // What is to go is taken out before: of "take this out: ..." in a critique, sloppy editors make an instruction.
    const rest = revise(
      trainedText(parent),
      proposals.filter(({ target }) => target !== '').map((one) => ({ ...one, text: '', removal: true })),
      (a, b) => a === b,
    );
    const critique = wanted.map(({ text }) => `- ${text}`).join('\n');
    return { proposals, edited: await edit(context, rest, critique, mode, sample) };
  }
  return proposeBySentences(context, input, reply, mode);
}

/** What an editor makes of a critique in sentences. */
async function proposeBySentences(
  context: OptimizerContext,
  { failures, passes, parent, sample }: ProposeInput,
  reply: string,
  mode: 'edit' | 'rewrite',
): Promise<Proposed> {
  const critique = withoutQuotations(reply, [...failures, ...passes], context.train, trainedText(parent));
  const edited = await edit(context, trainedText(parent), critique, mode, sample);
  const rollouts = failures.map(({ scored }) => scored.rollout.id);
  const fresh = edited === undefined ? [] : newStatements(trainedText(parent), edited, mode);
  // An editor that changes nothing has not made the critique wrong.
  const texts = fresh.length > 0 ? fresh : listedIn(critique);
  const proposals = texts
    .slice(0, MOST_PROPOSALS)
    .map((text): Proposal => ({ text, target: '', removal: false, critique: reply, operator: 'editor', rollouts }));
  return { proposals, edited };
}

/** Temperature of a reflection, as that of GEPA. */
const REFLECTING = 1;

/** What read conversations writes the prompt here: what it quotes of them stays out, as in a critique. */
async function reflect(context: OptimizerContext, input: ProposeInput): Promise<Proposed> {
  const { failures, parent, sample } = input;
  const before = trainedText(parent);
  const reply = (await context.ask('critic', reflectionRequest(before, failures, REFLECTING), sample)) ?? '';
  const { text, isMarked } = readReply(reply);
  // Some critics criticise whatever they are asked for.
  if (text !== '' && !isMarked && !restates(before, text)) return proposeBySentences(context, input, reply, 'edit');
  const edited = splitPrompt(withoutQuotations(text, failures, context.train, before))
    .filter(({ raw }) => !raw.includes(LEFT_OUT))
    .map(({ raw }) => raw)
    .join('')
    .trim();
  if (edited === '') return NOTHING;
  const rollouts = failures.map(({ scored }) => scored.rollout.id);
  const proposals = newStatements(before, edited, 'rewrite')
    .slice(0, MOST_PROPOSALS)
    .map((text): Proposal => ({ text, target: '', removal: false, critique: '', operator: 'critic', rollouts }));
  return { proposals, edited };
}

/** Whether a text says at least half of what the prompt says, so that it is likely to be another version of it. */
function restates(prompt: string, text: string): boolean {
  return newStatements(text, prompt, 'rewrite').length <= statementsOf(prompt).length / 2;
}

/** The points of a list in a critique, without a lead-in such as "The prompt should say:". */
function listedIn(critique: string): readonly string[] {
  return critique
    .split('\n')
    .filter((line) => BULLET.test(line))
    .map((line) =>
      statementOf(line)
        .replace(LEAD_IN, '')
        .replace(/^["“](.*)["”]$/, '$1')
        .trim(),
    )
    .filter((text) => /\p{L}/u.test(text) && !text.includes(LEFT_OUT));
}

const LEAD_IN = /^[^.:]{0,60}\b(?:prompt|instructions?|add|say|sage|sagen)\b[^.:]{0,40}:\s*/iu;

/** A whole prompt by the editor; undefined when it gave none. */
async function edit(
  context: OptimizerContext,
  prompt: string,
  critique: string,
  mode: 'edit' | 'rewrite',
  sample: number,
): Promise<string | undefined> {
  const request = editorRequest({
    prompt,
    critique,
    placeholders: placeholdersOf(prompt),
    fence: createFence([prompt, critique]),
    mode,
  });
  const text = promptFromReply((await context.ask('editor', request, sample)) ?? '');
  return text === '' ? undefined : text;
}
