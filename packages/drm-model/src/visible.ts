/**
 * What acts on a terminal, or on the order in which text is shown, instead of being shown: control characters but newline
 * and tab (C1, too: 0x9b alone begins an escape sequence), bidirectional controls, separators of lines and paragraphs.
 */
const ACTING = /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** {@link ACTING}, and what ends a line or jumps in it. */
const NOT_IN_LINE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Text with names from anywhere, such as a trace, made fit to be shown: what would act on a terminal is written as `\u001b`.
 * Newlines and tabs stay. JSON stays JSON, and means the same.
 *
 * @example
 * ```ts
 * import { visible } from "@gpuvm/drm-model";
 * console.assert(visible("a\u001b[2Jb") === "a\\u001b[2Jb");
 * ```
 */
export function visible(text: string): string {
  return text.replace(ACTING, escaped);
}

/** One name, or one line: as {@link visible}, and newlines and tabs are written as `\n` and `\t`. */
export function visibleLine(text: string): string {
  return text.replace(NOT_IN_LINE, escaped);
}

function escaped(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\t") return "\\t";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
