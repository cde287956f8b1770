/**
 * Characters that a reader does not see and a model does: soft hyphen, zero-width, bidirectional controls, fillers,
 * tags and variation selectors that can carry hidden text. As the inside of a character class with the `u` flag. The
 * presentation selectors of emoji (U+FE0E, U+FE0F) are not among them.
 */
export const HIDDEN_CHARACTERS =
  '\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f' +
  '\\u3164\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffb\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}';
