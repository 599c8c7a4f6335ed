/**
 * What happens next in a schedule, as one small number: bits 0 to 7 say who goes on, bits 8 up which of its fallible
 * steps fails (0: none, k: the k-th one that it comes to before its next stop).
 */
export type Choice = number;

/** The actor that lets time pass: the GPU finishes, a timeout expires. */
export const TIME = 255;

/** Who goes on. */
export function actorOf(choice: Choice): number {
  return choice & 255;
}

/** Which of its fallible steps fails; 0: none. */
export function failOf(choice: Choice): number {
  return choice >> 8;
}

/** A choice. */
export function choiceOf(actor: number, fail = 0): Choice {
  return actor | (fail << 8);
}

/**
 * A schedule as a short word: `a4.b2.ax1.T1` is four steps of the first actor, two of the second, one of the first in
 * which its first fallible step fails, and one step of time.
 */
export function formatSchedule(choices: readonly Choice[]): string {
  const out: string[] = [];
  for (let i = 0; i < choices.length; ) {
    const choice = choices[i] as Choice;
    const fail = failOf(choice);
    let run = 1;
    if (fail === 0) while (choices[i + run] === choice) run++;
    out.push(letter(actorOf(choice)) + (fail === 0 ? String(run) : `x${fail}`));
    i += run;
  }
  return out.join(".");
}

/** The schedule that {@link formatSchedule} wrote; null if it is none. */
export function parseSchedule(text: string): Choice[] | null {
  const out: Choice[] = [];
  if (text === "") return out;
  for (const part of text.split(".")) {
    const match = /^([A-Za-z])(x?)([1-9]\d{0,4})$/.exec(part);
    if (match === null) return null;
    const actor = match[1] === "T" ? TIME : LETTERS.indexOf(match[1] as string);
    const n = Number(match[3]);
    if (match[2] === "x") out.push(choiceOf(actor, n));
    else for (let i = 0; i < n; i++) out.push(choiceOf(actor));
  }
  return out;
}

/** `T` is time's. */
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSUVWXYZ";

function letter(actor: number): string {
  return actor === TIME ? "T" : (LETTERS[actor] ?? "Z");
}
