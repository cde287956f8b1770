// The editor: rewrites the prompt that it is shown by the critique, or by the rollouts, that it is shown.
import { DECOYS, sentences } from './text.js';

const flatText = (s) => s.replace(/\\n/g, '\n').replace(/\\"/g, '"');

export function createEditor({ S, C, E, rules, findings }) {
  function editor(text, r) {
    const blocks = [...text.matchAll(/<([a-zA-Z][\w-]*)>\s*\n?([\s\S]*?)<\/\1>/g)]
      .map((m) => m[2].trim())
      .filter((b) => b !== 'and' && b.length > 0);
    if (!blocks.length) blocks.push(...[...text.matchAll(/```\w*\n([\s\S]*?)```/g)].map((m) => m[1].trim()));
    const empty = /current prompt[^\n]*\n+<([\w-]+)>\s*<\/\1>/i.test(text);
    const prompt = empty ? '' : (blocks[0] ?? '');
    const rest = text.slice(text.indexOf(prompt) + prompt.length);
    let add = [],
      remove = [];
    if (/Case \d+\./.test(rest))
      for (const f of findings(text, r, E.reads ?? C)) (f.remove ? remove : add).push(f.remove ?? f.text);
    else {
      const crit = flatText((empty ? blocks : blocks.slice(1)).join('\n'));
      for (const m of crit.matchAll(
        /(?:remove|delete|streich|gestrichen)[^"“\n]*["“]([^"”]+)["”]|(?:Satz|sentence) ["“]([^"”]+)["”] sollte/gi,
      ))
        remove.push(m[1] ?? m[2]);
      for (const m of crit.matchAll(/"(?:target)":\s*"([^"]+)"/g)) remove.push(m[1]);
      const stated = [...crit.matchAll(/"statement":\s*"([^"]+)"/g)].map((m) => m[1]);
      add = (
        stated.length
          ? stated
          : sentences(crit.replace(/\((?:Rollout )?ro-[0-9a-f]+\)|\[ro-[^\]]*\]|\bro-[0-9a-f]+[,:]?/g, ''))
      )
        .map((s) =>
          s
            .replace(
              /^(Add:|The prompt should say:|It is missing an instruction:|End the prompt with:|As the very last sentence of the prompt:|Finding:?|Statement:?)\s*/i,
              '',
            )
            .trim(),
        )
        .filter(
          (s) =>
            s.length > 8 &&
            s.length < 220 &&
            !/^(The answers differ|That would help|Here is what|Die Antworten|Remove the sentence|Delete|Der Satz|Cause|Evidence|add|replace)/i.test(
              s,
            ),
        );
    }
    let ss = prompt ? sentences(prompt) : [];
    const lower = (s) => s.toLowerCase();
    ss = ss.filter((s) => !remove.some((x) => lower(x).includes(lower(s)) || lower(s) === lower(x)) || r.chance(0.15));
    const fresh = [...new Set(add)].filter((a) => !ss.some((s) => lower(s) === lower(a)));
    if (E.useless)
      return r.pick([
        prompt || 'Answer.',
        'I think the prompt is good as it is.',
        prompt ? prompt.slice(0, Math.ceil(prompt.length * 0.6)) : 'Answer.',
        `You are a great assistant. ${prompt}`,
      ]);
    const kept = ss.filter(() => !r.chance(E.drop));
    const applied = fresh.filter(() => r.chance(E.apply));
    for (const rule of rules) {
      // a new statement takes the place of the old one about the same thing
      const hit = applied.find((s) => rule.reads(s) === 1 || rule.reads(s) === -1);
      if (hit)
        for (let i = kept.length - 1; i >= 0; i--)
          if (
            rule.reads(kept[i]) !== null &&
            Math.abs(rule.reads(kept[i])) === 1 &&
            r.chance(0.7) &&
            kept[i] !== hit &&
            rules.filter((o) => o.reads(kept[i]) !== null).length < 2
          )
            kept.splice(i, 1);
    }
    const all = [...kept, ...applied];
    const last = all.findIndex((s) => /(only|nothing but) the record|nothing else/i.test(s));
    if (S.lastLine && last >= 0 && /last|end/i.test(text) && r.chance(0.7)) all.push(...all.splice(last, 1));
    if (r.chance(E.noise)) all.splice(r.int(0, all.length), 0, r.pick(DECOYS));
    if (r.chance(E.merge) && all.length > 2) {
      const i = r.int(0, all.length - 2);
      all.splice(i, 2, `${all[i].replace(/[.!]$/, '')}, and ${all[i + 1][0].toLowerCase()}${all[i + 1].slice(1)}`);
    }
    const body =
      E.bullets && all.length > 3
        ? `${all[0]}\n${all
            .slice(1)
            .map((s) => `- ${s}`)
            .join('\n')}`
        : all.join(r.chance(0.5) ? ' ' : '\n');
    const tag = /between <(\w+)> and/.exec(text)?.[1] ?? 'prompt';
    const shape = E.shape === 'mixed' ? r.pick(['asked', 'fence', 'chatty', 'bare']) : E.shape;
    if (shape === 'diff')
      return applied.length || remove.length
        ? [...remove.map((s) => `Remove: "${s}"`), ...applied.map((s) => `Add: ${s}`)].join('\n')
        : 'No change is needed.';
    if (shape === 'json') return JSON.stringify({ prompt: body });
    if (shape === 'fence') return `\`\`\`\n${body}\n\`\`\``;
    if (shape === 'chatty')
      return `Here is the improved prompt:\n\n\`\`\`\n${body}\n\`\`\`\n\nI kept the structure and added what was missing.`;
    if (shape === 'bare') return body;
    return `<${tag}>\n${body}\n</${tag}>`;
  }

  return editor;
}
