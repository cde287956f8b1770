// Critic, editor and one-call reflector: the same skills, told apart only by what the text of the request asks for.
import { DECOYS, readPrompt, senseOf, VAGUE } from './meaning.js';
import { capital, pick, randomOf, shuffled, unitsOf } from './random.js';
import { readRequest } from './request.js';

export function advise(world, role, messages, asked) {
  const schema = asked.response_format?.schema ?? asked.response_format?.json_schema?.schema;
  const request = readRequest(world, messages);
  const random = randomOf('adviser', world.key, role, request.text, asked.seed);
  const { prompt: wantsPrompt, reasons } = request.asks;
  const edits = wantsPrompt && (role === 'editor' || !reasons || request.asks.wrap !== 'none');
  const jsonPrompt =
    schema !== undefined && /"(?:new_?|improved_?)?prompt"|instructions?"/i.test(JSON.stringify(schema));
  if (schema === undefined ? edits || (role === 'editor' && !reasons) : jsonPrompt) {
    const text = edit(world, request, random);
    return schema !== undefined && world.editor.json !== false
      ? JSON.stringify(fill(schema, { text }))
      : wrapped(world, request, text, random);
  }
  const findings = critique(world, request, random);
  if (schema !== undefined && world.critic.json !== false) return JSON.stringify(fill(schema, { findings }));
  return spoken(world, request, findings, random);
}

// ---------------------------------------------------------------------------------------------------------------- critic

/** @returns findings { text, cause, evidence, target?, operation } by what the request shows, right or wrong. */
function critique(world, { prompt, shown, tried, asks, text }, random) {
  const { skill = 0.65, load = 0.04, least = 1, most = 3, decoy = 0.08, plainly = true, general = 0.15 } = world.critic;
  const sense = readPrompt(world, prompt);
  const causes = new Map();
  const note = (key, more, id, weight = 1) => {
    const cause = causes.get(key) ?? { ...more, evidence: [], weight: 0 };
    cause.weight += weight;
    if (id !== undefined) cause.evidence.push(id);
    causes.set(key, cause);
  };
  for (const { task, answer, id, expected, spoiled, decoy: spoiler, failed } of shown) {
    if (spoiled) note('spoiled', { spoiler }, id);
    if (answer !== undefined) {
      // Without the expected answer in view it is seen that something is wrong, not what would be right.
      for (const { rule, option } of answer.wrong) note(`${rule.id} ${option}`, { rule, option, blind: !expected }, id);
    } else if (!failed && expected && !/answer/i.test(text.slice(0, 4000))) {
      for (const rule of task.needs) note(`${rule.id} ${rule.right}`, { rule, option: rule.right }, id, 0.4);
    }
  }
  const strength = Math.max(0.1, skill - load * Math.max(0, shown.length - 4));
  const plain = random() < (plainly ? 0.9 : 0);
  const say = (rule, option) => rule.say(random, option, plain, random() < general);
  const known = new Set(
    unitsOf(tried).flatMap((unit) => senseOf(world, unit.text).rules.map(({ rule, option }) => `${rule.id} ${option}`)),
  );
  const findings = [];
  for (const [key, cause] of [...causes].sort(([, one], [, other]) => other.weight - one.weight)) {
    if (findings.length >= most) break;
    if (key === 'spoiled') {
      findings.push(...spoiledFindings(world, sense, prompt, cause, random));
      continue;
    }
    const { rule, evidence } = cause;
    if (cause.weight < least || (cause.weight < 1 && random() > cause.weight)) {
      if (random() < 0.5)
        findings.push({ text: pick(random, VAGUE), cause: 'Some answers miss what was wanted.', evidence });
      continue;
    }
    if (known.has(key) && random() < 0.5) continue;
    const state = sense.rules.get(rule);
    const why = `Tasks with ${pick(random, rule.cases)} come out wrong.`;
    const wrongUnit = unitsOf(prompt).find((unit) =>
      senseOf(world, unit.text).rules.some(
        (one) => one.rule === rule && one.option !== undefined && one.option !== cause.option,
      ),
    );
    if (wrongUnit !== undefined && random() < strength) {
      findings.push({
        operation: 'replace',
        target: wrongUnit.text,
        text: say(rule, cause.option),
        cause: `"${wrongUnit.text}" is wrong.`,
        evidence,
      });
      continue;
    }
    if (state?.right) {
      // It is said already, and was not honoured: the shape of the prompt may be the reason.
      const remark = world.remark?.(world, sense, random);
      if (remark !== undefined && random() < 0.6)
        findings.push({ text: remark, cause: `${why} The prompt says it, and it is overlooked.`, evidence });
      else if (random() < 0.3) findings.push({ text: say(rule, rule.right), cause: why, evidence });
      continue;
    }
    const roll = random() / (cause.blind ? 0.35 : 1);
    if (roll < strength) findings.push({ text: say(rule, cause.option), cause: why, evidence });
    else if (roll < strength + (1 - strength) * 0.6)
      findings.push({ text: say(rule, otherOption(rule, cause.option, random)), cause: why, evidence });
    else findings.push({ text: pick(random, VAGUE), cause: why, evidence });
  }
  const partner = world.remark?.(world, sense, random);
  if (partner !== undefined && shown.length > 0 && random() < 0.2)
    findings.push({ text: partner, cause: 'The prompt is not read as it should be.', evidence: [] });
  if (random() < decoy)
    findings.push({
      text: pick(random, DECOYS).text,
      cause: 'The answers look thoughtless.',
      evidence: shown.flatMap(({ id }) => id ?? []).slice(0, 1),
    });
  if (findings.length === 0) findings.push({ text: pick(random, VAGUE), cause: 'Nothing stands out.', evidence: [] });
  const limit = /exactly one|single most/i.test(text) ? 1 : asks.count || findings.length;
  return shuffled(random, findings).slice(0, Math.max(1, limit));
}

function spoiledFindings(world, sense, prompt, { spoiler, evidence }, random) {
  const unit = unitsOf(prompt).find((one) =>
    spoiler ? senseOf(world, one.text).decoy === spoiler : senseOf(world, one.text).foreign,
  );
  const cause = 'Answers hold more than the answer.';
  if (unit !== undefined && spoiler && random() < 0.8)
    return [{ operation: 'remove', target: unit.text, text: unit.text, cause, evidence }];
  if (unit !== undefined && world.needsEnglish)
    return [{ text: 'Write the whole prompt in English.', cause: 'Answers come in German.', evidence }];
  if (!sense.format && random() < 0.8) return [{ text: world.domain.format, cause, evidence }];
  return random() < 0.3 ? [{ text: pick(random, VAGUE), cause, evidence }] : [];
}

function otherOption(rule, option, random) {
  return pick(
    random,
    rule.options.map((_, index) => index).filter((index) => index !== option),
  );
}

/** Findings in plain words, in the manner of the model. */
function spoken(world, { asks }, findings, random) {
  const lines = findings.map(({ operation, target, text, cause }) => {
    if (operation === 'remove') return `${cause} Remove the sentence "${target}"`;
    if (operation === 'replace') return `The sentence "${target}" is wrong. Instead: ${text}`;
    return world.critic.style === 'terse'
      ? text
      : `${cause} ${pick(random, ['The prompt should say:', 'Add:', 'It would help to state:'])} ${text}`;
  });
  if (asks.wrap === 'start') return lines.map((line) => `<START>${line}<END>`).join('\n');
  if (world.critic.style === 'prose') return `I looked at the answers. ${lines.join(' ')}`;
  return lines
    .map((line, index) => (world.critic.style === 'numbers' ? `${index + 1}. ${line}` : `- ${line}`))
    .join('\n');
}

// ---------------------------------------------------------------------------------------------------------------- editor

/** @returns the new prompt. */
function edit(world, request, random) {
  const { asks, prompt } = request;
  const { drop = 0.04, paraphrase = 0.1, apply = 0.9, shapes = [0.6, 0.32, 0.08] } = world.editor;
  const critique_ = request.shown.length > 0 ? critique(world, request, random) : heard(world, request);
  const advice = asks.same ? [] : critique_.filter(() => random() < apply);
  const remarks = advice.filter(({ text }) => isRemark(text));
  const free = !asks.minimal && (asks.free || asks.short || random() < 0.5);
  const reshaped = free || (remarks.length > 0 && random() < 0.35);

  let units = unitsOf(prompt).map(({ text }) => ({ text, sense: senseOf(world, text) }));
  const gone = new Set(advice.flatMap(({ target }) => target ?? []));
  const kept = units.filter(({ text }) => !gone.has(text));
  const added = advice.flatMap(({ operation, text }) =>
    operation === 'remove' || isRemark(text) ? [] : [{ text, sense: senseOf(world, text) }],
  );
  const fresh = added.filter(({ text }) => !prompt.includes(text));
  if (!reshaped && !asks.same)
    return appended(
      prompt,
      gone,
      fresh.filter(() => random() > drop / 2),
      random,
      world,
      paraphrase,
    );

  units = [...kept, ...fresh].filter(({ sense }) => sense.role || random() > drop);
  if (asks.same || random() < paraphrase * 3)
    units = units.map((unit) => reworded(unit, random, Math.max(paraphrase, asks.same ? 0.8 : 0)));
  if (!reshaped) return units.map(({ text }) => text).join(units.some(({ sense }) => sense.table) ? '\n' : ' ');
  return laidOut(
    world,
    units,
    remarks.map(({ text }) => text),
    shapes,
    random,
  );
}

const isRemark = (text) => /\btable\b|whole prompt|at the very end of the prompt|shorter/i.test(text);

function heard(world, { critique: text, prompt }) {
  const units = unitsOf(text.replace(/<\/?[A-Z]+>/g, '\n'));
  const findings = [];
  for (const { text: unit } of units) {
    const bare = unit.replace(
      /^.*?(?:The prompt should say:|Add:|It would help to state:|Instead:|should say that)\s*/i,
      '',
    );
    const quoted = unit.match(/"([^"]{6,})"/)?.[1];
    const target =
      quoted === undefined
        ? undefined
        : unitsOf(prompt).find((one) => one.text.includes(quoted) || quoted.includes(one.text))?.text;
    if (target !== undefined && /remove|delete|drop|wrong|replace|harm/i.test(unit)) {
      findings.push({ operation: 'remove', target, text: target });
      continue;
    }
    const { rules, decoy, format, fallback } = senseOf(world, bare);
    const telling = rules.some(({ option }) => option !== undefined);
    if (telling || decoy || format || fallback || VAGUE.includes(bare) || isRemark(bare)) findings.push({ text: bare });
  }
  return findings;
}

function appended(prompt, gone, fresh, random, world, paraphrase) {
  let text = prompt;
  for (const target of gone)
    text = text
      .split(`- ${target}\n`)
      .join('')
      .split(target)
      .join('')
      .replace(/\n\s*-\s*(?=\n|$)/g, '');
  const units = fresh.map((unit) => (random() < paraphrase ? reworded(unit, random, 1) : unit));
  const bullets = /\n\s*[-*] /.test(text) || units.length > 1;
  const tail = units.map((unit) => (bullets ? `- ${unit.text}` : unit.text)).join(bullets ? '\n' : ' ');
  if (tail === '') return text.trim() || world.domain.role;
  return `${text.trim()}${bullets ? '\n' : ' '}${tail}`.trim();
}

function reworded(unit, random, chance) {
  const said = unit.sense.rules.find(({ option }) => option !== undefined);
  if (said === undefined || unit.sense.rules.length > 1 || random() > chance) return unit;
  return { ...unit, text: said.rule.say(random, said.option) };
}

/** A rewrite of the whole: filler goes, what says the same is merged, and the rest gets a shape. */
function laidOut(world, units, remarks, shapes, random) {
  const said = remarks.join(' ');
  const shorter = /shorter|repeat/i.test(said) ? 0.95 : 0.6;
  const rules = new Map();
  const role = [];
  const others = [];
  const last = [];
  for (const unit of units) {
    const { sense, text } = unit;
    const rule = sense.rules.find(({ option }) => option !== undefined);
    if (sense.role) role.push(text);
    else if (rule !== undefined)
      rules.set(`${sense.rules.map(({ rule: { id } }) => id)} ${rule.option}`, { text, ...unit, ...rule });
    else if (sense.fallback) last.push(text);
    else if (sense.format || sense.decoy) others.push(text);
    else if (random() > (sense.foreign ? (/English/.test(said) ? 1 : 0.55) : shorter)) others.push(text);
  }
  const head = [role[0] ?? world.domain.role, ...new Set(others)];
  const ends = /very end/i.test(said) || random() < 0.3;
  const first = ends ? [] : last;
  const roll = random();
  const shape =
    /table/i.test(said) && random() < 0.85
      ? 'table'
      : roll < shapes[0]
        ? 'list'
        : roll < shapes[0] + shapes[1]
          ? 'prose'
          : 'table';
  const body = [...rules.values()].map((one) =>
    one.sense.table && shape !== 'table' ? { ...one, text: one.rule.say(random, one.option) } : one,
  );
  const lines =
    shape === 'table'
      ? ['| case | rule |', '|---|---|', ...body.map(rowOf)]
      : shape === 'list'
        ? body.map(({ text }) => `- ${text}`)
        : [body.map(({ text }) => capital(text)).join(' ')];
  return [[...head, ...first].join(' '), '', ...lines, ...(ends ? last : [])].join('\n').trim();
}

function rowOf({ rule, option, sense }) {
  const scope = rule.scope !== undefined && sense.rules.length === 1 ? ` for ${rule.scope.names[0]}` : '';
  return `| ${rule.cases[0]}${scope} | ${rule.options[option].forms[0]} |`;
}

function wrapped(world, { asks }, text, random) {
  if (asks.wrap === 'start') return `<START>${text}<END>`;
  if (asks.wrap === 'improved') return `<IMPROVED_VARIABLE>${text}</IMPROVED_VARIABLE>`;
  const style = world.editor.style ?? (asks.wrap === 'none' ? 'bare' : asks.wrap);
  if (style === 'fence') return `${random() < 0.5 ? 'Here is the improved prompt:\n\n' : ''}\`\`\`\n${text}\n\`\`\``;
  if (style === 'tag') return `<prompt>\n${text}\n</prompt>`;
  return text;
}

// ------------------------------------------------------------------------------------------------------------ JSON schema

/** Fills any schema by the names of its fields. */
function fill(schema, content, name = '') {
  if (schema.enum !== undefined)
    return schema.enum.includes(content.finding?.operation) ? content.finding.operation : schema.enum[0];
  const kind = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (kind === 'object' || schema.properties !== undefined) {
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([key, one]) => [key, fill(one, content, key)]),
    );
  }
  if (kind === 'array') {
    if (content.finding !== undefined)
      return /evidence|ids|rollouts|cases/i.test(name) ? [...new Set(content.finding.evidence)] : [];
    return (content.findings ?? []).map((finding) =>
      fill(schema.items ?? { type: 'string' }, { ...content, finding }, name),
    );
  }
  if (kind === 'number' || kind === 'integer') return 1;
  if (kind === 'boolean') return true;
  const { finding } = content;
  if (finding === undefined) return content.text ?? (content.findings ?? []).map(({ text }) => text).join(' ');
  if (/target|replaces|old|removes/i.test(name)) return finding.target ?? '';
  if (/cause|reason|why|diagnos|problem/i.test(name)) return finding.cause;
  return finding.text;
}
