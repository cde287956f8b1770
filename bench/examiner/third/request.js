// Reads a request to a critic or an editor from its text alone: which rollouts it shows, which prompts, what it asks for.
import { DECOYS } from './meaning.js';

/** @returns {{ text, prompt, prompts, shown, critique, tried, asks }} */
export function readRequest(world, messages) {
  const joined = messages.map(({ content }) => content).join('\n\n');
  const text = /\n/.test(joined) ? joined : joined.replaceAll('\\n', '\n').replaceAll('\\"', '"');
  const shown = shownIn(world, text);
  const blocks = blocksOf(text);
  const prompts = blocks
    .filter(({ label, body }) => isPrompt(label) && !shown.some(({ task }) => body.includes(task.input)))
    .map(({ label, body }) => ({
      body: withoutNumbers(body),
      score: Number(label.match(/score\D{0,20}(\d+(?:\.\d+)?)/i)?.[1] ?? 0),
    }));
  const best = prompts.reduce((one, other) => (one === undefined || other.score > one.score ? other : one), undefined);
  const prompt = best?.body ?? loosePrompt(text) ?? world.startPrompt;
  const tried = blocks
    .filter(({ label }) => /tried|rejected|do not (?:propose|repeat)|without effect/i.test(label))
    .map(({ body }) => body);
  return {
    text,
    prompt,
    prompts,
    shown,
    tried: tried.join('\n'),
    critique: critiqueOf(text, blocks, prompts, shown, tried),
    asks: asksOf(text),
  };
}

function asksOf(text) {
  const order = text.slice(-1500);
  return {
    // A request that names both wants the prompt when it says how to wrap it.
    prompt:
      /new (?:instructions?|prompt)|improved (?:version|prompt|instructions?)|complete (?:new )?prompt|different improved prompts|rewritten prompt|variation of the (?:following )?(?:instruction|prompt)|<IMPROVED/i.test(
        order,
      ),
    reasons: /reasons? why|give \d* ?reasons|findings?|what went wrong|critique the|caused the|diagnos/i.test(order),
    same: /paraphras|variation of|same meaning|semantic meaning|other words|reword/i.test(order),
    minimal: /word for word|minimal|fix (?:only )?one|keep every|smallest|unchanged/i.test(order),
    free: /restructur|rewrite|from scratch|freely|different|reorgani[sz]e|new prompt that/i.test(order),
    short: /shorten|concise|shorter|tidy|polish|consolidat|redundan/i.test(order),
    count: Number(order.match(/\b(?:give|write|name|list) (\d)\b/i)?.[1] ?? 0),
    wrap: /<START>/.test(text)
      ? 'start'
      : /```/.test(order.replace(/```[\s\S]{80,}?```/g, ''))
        ? 'fence'
        : /<prompt>/i.test(order)
          ? 'tag'
          : /<IMPROVED/i.test(order)
            ? 'improved'
            : 'none',
  };
}

/** The known tasks of which the request shows the input, each with what it shows of answer and expectation. */
function shownIn(world, text) {
  const found = [];
  for (const task of world.tasks) {
    for (let at = text.indexOf(task.head); at >= 0; at = text.indexOf(task.head, at + 1)) found.push({ task, at });
  }
  found.sort((one, other) => one.at - other.at);
  return found.map(({ task, at }, index) => {
    const end = Math.min(found[index + 1]?.at ?? text.length, at + task.input.length + 1200);
    const rest = text
      .slice(at + task.head.length, end)
      .split(/\n#+ *(?:your|what you|how to|current|critique|tried)/i)[0];
    const before = text.slice(index === 0 ? Math.max(0, at - 250) : Math.max(found[index - 1].at, at - 250), at);
    const ids = [
      ...before.matchAll(/\b(?:rollout|example|case|trace|id)["'\s:=#]*([A-Za-z]{0,6}[-_]?[0-9a-f]+[\w-]*)/gi),
    ];
    return { task, id: ids.at(-1)?.[1], ...outcomeIn(task, rest) };
  });
}

/** Which of the answers that the task can get stand in the text. */
function outcomeIn(task, rest) {
  const pieces = rest
    .split(/\n|<[^<>]{1,60}>|```/)
    .map((piece) => plain(piece.replace(/^[\s\-*"']*[\w' ]{1,40}[:=]["']?\s*/, '')));
  const whole = new Set([...pieces, ...rest.split('\n').map(plain)]);
  const seen = task.possible.filter(({ form }) => whole.has(form));
  const expected = seen.some(({ form }) => form === plain(task.expected));
  const others = seen.filter(({ form }) => form !== plain(task.expected));
  // The outcome with the fewest deviations explains the answer best.
  const answer = others.sort((one, other) => one.wrong.length - other.wrong.length)[0];
  const decoy = DECOYS.find(({ as }) => rest.includes(as.trim()));
  const spoiled = decoy !== undefined || /I am not sure about|I believe the result|Die Antwort lautet/.test(rest);
  return { expected, answer, decoy, spoiled, failed: answer !== undefined || spoiled };
}

export const plain = (text) =>
  text
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/^[\s"'`*]+|[\s"'`*.,;!?]+$/g, '');

/** Everything quoted by tags, fences, triple quotes or headings, with what stands before it. */
function blocksOf(text) {
  const blocks = [];
  const patterns = [
    /<([\w-]+)[^>\n]*>\n?([\s\S]*?)\n?<\/\1>/g,
    /```[\w-]*\n([\s\S]*?)\n?```/g,
    /"""\n?([\s\S]*?)\n?"""/g,
  ];
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      const body = match.at(-1);
      if (body.trim() === '...') continue;
      const before = text
        .slice(Math.max(0, match.index - 160), match.index)
        .trimEnd()
        .split('\n')
        .slice(-2)
        .join(' ');
      const tag = match.length === 3 ? match[1] : '';
      blocks.push({ label: `${/^data/i.test(tag) ? '' : tag} ${before}`, body });
    }
  }
  if (blocks.length > 0) return blocks;
  // Plain sections: a heading or a line that ends with a colon.
  const sections = text.split(/\n(?=#+ |[^\n]{3,80}:\n)/);
  return sections.map((section) => ({
    label: section.split('\n')[0],
    body: section.split('\n').slice(1).join('\n').trim(),
  }));
}

const isPrompt = (label) =>
  /prompt|instruction/i.test(label) &&
  !/critique|feedback|finding|task:|answer|expected|tried|reason|rollout|would have/i.test(label);

function loosePrompt(text) {
  return text.match(
    /(?:current |following )?(?:prompt|instructions?)[^\n:]{0,40}:\s*\n?([\s\S]+?)(?:\n\n\S|\n#|$)/i,
  )?.[1];
}

/** A prompt that is shown statement by statement. */
function withoutNumbers(body) {
  const lines = body.split('\n');
  return lines.length > 0 && lines.every((line) => /^\s*\[?\w?\d+[.)\]:]/.test(line))
    ? lines.map((line) => line.replace(/^\s*\[?\w?\d+[.)\]:]+\s*/, '')).join('\n')
    : body;
}

/** What is left when prompts, rollouts and tried advice are taken away. */
function critiqueOf(text, blocks, prompts, shown, tried) {
  const named = blocks.filter(
    ({ label }) => /critique|feedback|finding|gradient|suggest|problem|advice/i.test(label) && !/tried/i.test(label),
  );
  if (named.length > 0 && shown.length === 0) return named.map(({ body }) => body).join('\n');
  if (shown.length > 0) return '';
  const taken = [
    ...blocks.filter(({ label }) => isPrompt(label)).map(({ body }) => body),
    ...prompts.map(({ body }) => body),
    ...tried,
  ];
  return taken.reduce((left, body) => (body.length > 3 ? left.replaceAll(body, '\n') : left), text);
}
