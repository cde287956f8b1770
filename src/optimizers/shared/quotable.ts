import { conversationTexts, type Task } from '../../core/task.ts';

/**
 * Whether a task may be shown word for word, as an example in a prompt or to an editor. Where an algorithm quotes single
 * tasks by its definition, no rule on single voices can hold; so tasks that speak to a model instead of the agent's
 * subject are left out. A list of known forms (reliability.md I08), which no list can make complete: what a quoted task
 * could do beyond them is limited by the gate (links, keys, tools, hidden characters) and seen in the difference.
 */
export function isQuotable(task: Task): boolean {
  return !conversationTexts(task).some((text) => SPEAKS_TO_MODELS.some((pattern) => pattern.test(text)));
}

const SPEAKS_TO_MODELS: readonly RegExp[] = [
  // Takes back what was said before.
  /\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(?:previous|prior|earlier|above|preceding|all|any|your)\b[^.\n]{0,30}\b(?:instructions?|prompts?|rules?|rubrics?|guidelines?|context|text|directions?)\b/i,
  /(?:ignorier\w*|vergiss|vergessen sie|missachte\w*)[^.\n]{0,40}(?:anweisung|vorgabe|regel)|(?:ignore[zr]?|oublie[zr]?)[^.\n]{0,40}(?:instructions|consignes|règles)|(?:ignor[ae]|olvid[ae])[^.\n]{0,40}(?:instrucciones|reglas)|игнорируй[^.\n]{0,40}(?:инструкции|правила)|忽略[^。\n]{0,20}(?:指令|指示|规则)|(?:指示|命令)[^。\n]{0,10}無視/i,
  // Names whom it speaks to, or the prompt.
  /\b(?:whoever|anyone who|any (?:ai|model|assistant|llm)|if you are an? (?:ai|llm|language model)|dear (?:ai|model|assistant|judge|grader)|the (?:model|grader|judge|critic|editor|optimi[sz]er|evaluator))\b[^.\n]{0,60}\b(?:must|should|shall|needs? to|has to|have to|reads?|adds?|gives?|scores?|writes?|repeats?)\b/i,
  /\b(?:system prompt|to the prompt|your (?:prompt|instructions|rubric)|new instructions?:|you are now)\b/i,
  // Pretends to be another part of the request.
  /<\|[a-z_]{2,20}\|>|\[\/?INST\]|<<\/?SYS>>|<\/?(?:data(?:-[0-9a-f]+)?|system|prompt|instructions?|assistant|tool_result)>|^\s{0,3}#{1,6}\s{0,3}(?:system|assistant|developer|instructions?)\b|^\s{0,8}(?:system|assistant|developer)\s{0,2}:/im,
  // Pretends to be a verdict, or asks for one.
  /["']?\b(?:score|grade|rating)\b["']?\s{0,3}[:=]\s{0,3}\d|\b(?:highest|lowest|maximum|minimum|full|top|perfect)\b[^.\n]{0,12}\b(?:scores?|grades?|marks?|points)\b|\b(?:this|the) answer\b[^.\n]{0,40}\b(?:is|as) (?:fully |completely )?(?:correct|right|wrong|equal)\b|\bas the score\b|\baccuracy and reasoning\b/i,
  // Hides what it says.
  /(?<![\w/+=])[A-Za-z0-9+/]{60,}={0,2}(?![\w/+=])/,
];
