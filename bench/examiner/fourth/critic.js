// The critic: names what the text of its request shows, with noise, in the style of its world.
import { DECOYS, DECOYS_DE, HARMS, sentences } from './text.js';

const LEADS = ['', '', '', 'Add: ', 'The prompt should say: ', 'It is missing an instruction: '];

export function createCritic({ S, C, rules, samples, byId }) {
  /** Findings from what the request's text shows. */
  function findings(text, r, skill = C) {
    const marks = [...text.matchAll(/Case (\d+)\./g)],
      segs = [];
    for (const [_i, k] of marks.entries())
      if (!segs.length || segs.at(-1).id !== Number(k[1]))
        segs.push({ id: Number(k[1]), from: k.index, before: text.slice(Math.max(0, k.index - 900), k.index) });
    segs.forEach((s, i) => {
      s.text = text.slice(s.from, segs[i + 1]?.from ?? text.length);
      s.ref = [...s.before.matchAll(/\bro-[0-9a-f]+/gi)].at(-1)?.[0];
    });
    const seen = new Map();
    let failing = 0;
    const note = (key, f, s) => {
      const o = seen.get(key) ?? { ...f, n: 0, refs: [] };
      o.n++;
      if (s.ref) o.refs.push(s.ref);
      seen.set(key, o);
    };
    for (const s of segs) {
      const t = byId.get(s.id);
      if (!t) continue;
      const body = s.text.replace(t.note, '');
      let found = false;
      for (const f of t.fields)
        if (f.rule) {
          const k = S.label ? '' : `${f.key}: `;
          const bad = [f.naive, ...f.rule.other.map((o) => o(f.v))].find((w) =>
            S.label ? new RegExp(`(^|\n)\\s*${w}\\s*(\n|$)`, 'm').test(body) : body.includes(k + w),
          );
          if (bad !== undefined && (S.label || body.includes(k + f.right))) {
            note(f.rule.id, { rule: f.rule }, s);
            found = true;
          }
        }
      for (const h of HARMS)
        if (body.includes(h[3])) {
          note(h[3], { harm: h }, s);
          found = true;
        }
      if (body.includes('Antwort (')) {
        note(
          'de',
          {
            plain: [
              'Answer in English.',
              'Write the record with English field names.',
              'The record must be in English, never in German.',
            ],
          },
          s,
        );
        found = true;
      }
      if (body.includes('anything else I can do')) {
        note(
          'tail',
          {
            plain: [
              'End the prompt with: Give only the record and nothing else.',
              'As the very last sentence of the prompt: Answer with only the record, nothing else.',
              'Give only the record and nothing else.',
            ],
          },
          s,
        );
        found = true;
      }
      if (
        S.ending &&
        body.includes(S.ending.words) &&
        /(Answer|output|response)/i.test(body) &&
        body.split(S.ending.words).length < 3
      ) {
        note('ending', { plain: S.ending.say }, s);
        found = true;
      }
      if (!found && /unclear/.test(body)) {
        note('slip', { plain: DECOYS }, s);
        found = true;
      }
      if (found) failing++;
    }
    const out = [];
    const order = [...seen.values()].sort((a, b) => b.n - a.n || r.next() - 0.5);
    if (skill.first) out.push({ text: skill.first, refs: [] });
    for (const o of order.slice(0, skill.max)) {
      const p = skill.skill / (1 + 0.06 * Math.max(0, failing - 3));
      const german = r.chance(skill.german ?? 0);
      if (o.rule) {
        if (r.chance(p)) {
          if (S.fewshot && r.chance(S.fewshot.shows))
            out.push({
              text: `Example: a note gives "${o.rule.key}: ${samples[rules.indexOf(o.rule)]}".`,
              refs: o.refs,
            });
          else out.push({ text: o.rule.say(r, { german }), refs: o.refs });
          const bad = sentences(text).find(
            (s) => o.rule.reads(s) === -1 && !s.includes(`${o.rule.key}: `) && s.length < 200,
          );
          if (bad && r.chance(0.6)) out.push({ remove: bad.replace(/^\d+\.\s*/, ''), text: '', refs: o.refs });
        } else
          out.push({
            text: r.chance(0.45) ? o.rule.say(r, { german, wrong: true }) : r.pick(german ? DECOYS_DE : DECOYS),
            refs: o.refs,
          });
      } else if (o.harm) {
        const bad = sentences(text).find((s) => o.harm[0].test(s) && s.length < 220 && !/Compare|JSON|critic/.test(s));
        if (bad && r.chance(p)) out.push({ remove: bad.replace(/^\d+\.\s*/, ''), text: '', refs: o.refs });
        else
          out.push({
            text: r.pick([
              'Give only the record and nothing else.',
              'Do not add explanations or greetings.',
              'Answer with nothing but the record.',
            ]),
            refs: o.refs,
          });
      } else out.push({ text: r.pick(o.plain), refs: o.refs });
    }
    if (!out.length || r.chance(skill.noise ?? 0.15))
      out.push({
        text: r.pick(DECOYS),
        refs: segs
          .map((s) => s.ref)
          .filter(Boolean)
          .slice(0, 1),
      });
    return out;
  }
  function critic(text, format, r) {
    const fs = C.useless
      ? [
          { text: r.pick(DECOYS), refs: [] },
          { text: r.pick(DECOYS), refs: [] },
        ]
      : findings(text, r);
    for (const f of fs) if (!r.chance(C.cite ?? 0.8)) f.refs = [];
    const say = (f) => (f.remove ? `Remove the sentence "${f.remove}"` : `${r.pick(LEADS)}${f.text}`);
    const style = C.style === 'mixed' ? r.pick(['json', 'prose', 'bullets', 'numbered']) : C.style;
    const schema = format?.json_schema?.schema;
    if (schema && style === 'json') {
      const fill = (sc, f, key = '') => {
        if (sc.enum) return sc.enum.find((e) => (f.remove ? /remove|delete/ : /add/).test(e)) ?? sc.enum[0];
        if (sc.type === 'array') return /evidence|rollout|ids|refs/.test(key) ? [...new Set(f.refs)] : [];
        if (sc.type === 'object')
          return Object.fromEntries(Object.entries(sc.properties).map(([k, v]) => [k, fill(v, f, k)]));
        if (sc.type === 'number' || sc.type === 'integer') return 1;
        if (sc.type === 'boolean') return true;
        if (/target|replac|sentence|old/.test(key)) return f.remove ?? '';
        if (/cause|why|reason/.test(key))
          return f.remove
            ? 'A sentence of the prompt leads the agent astray.'
            : 'The form of the answer is not what was expected.';
        return f.remove ? '' : f.text;
      };
      const top = Object.fromEntries(
        Object.entries(schema.properties).map(([k, v]) => [
          k,
          v.type === 'array' && v.items?.type === 'object' ? fs.map((f) => fill(v.items, f)) : fill(v, fs[0], k),
        ]),
      );
      const j = JSON.stringify(top);
      return r.chance(0.15) ? `\`\`\`json\n${j}\n\`\`\`` : j;
    }
    if (style === 'bullets') return fs.map((f) => `- ${say(f)}`).join('\n');
    if (style === 'numbered')
      return `Here is what I noticed:\n\n${fs.map((f, i) => `${i + 1}. ${say(f)}${f.refs[0] ? ` (${f.refs[0]})` : ''}`).join('\n')}`;
    if (style === 'german')
      return `Die Antworten weichen vom Erwarteten ab. ${fs.map((f) => (f.remove ? `Der Satz "${f.remove}" sollte gestrichen werden.` : f.text)).join(' ')}`;
    return `The answers differ from what was wanted in their form. ${fs.map(say).join(' ')} That would help most.`;
  }

  return { findings, critic };
}
