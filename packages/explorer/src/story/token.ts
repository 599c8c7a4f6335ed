import { type Choice, formatSchedule, parseSchedule } from "../engine/choice.ts";
import type { Dropped } from "./shrink.ts";

/** A counterexample in one word: which scenario, without which calls, in which order. */
export interface Token {
  /** How the caller names scenario and driver: `msm:soft/close-vs-submit`, without `@` and `~`. */
  readonly scenario: string;
  /** Calls left out. */
  readonly dropped: readonly Dropped[];
  /** The schedule. */
  readonly schedule: readonly Choice[];
}

/** `scenario~b1@a4.b2`: without the second call of the second actor, four steps of the first, two of the second. */
export function formatToken(token: Token): string {
  const drops = token.dropped.map(({ actor, call }) => `~${String.fromCharCode(97 + actor)}${call}`);
  return `${token.scenario}${drops.join("")}@${formatSchedule(token.schedule)}`;
}

/** What {@link formatToken} wrote; null if it is none. */
export function parseToken(text: string): Token | null {
  const at = text.lastIndexOf("@");
  if (at < 0) return null;
  const schedule = parseSchedule(text.slice(at + 1));
  const [scenario, ...drops] = text.slice(0, at).split("~");
  if (schedule === null || scenario === undefined || scenario === "") return null;
  const dropped: Dropped[] = [];
  for (const drop of drops) {
    const match = /^([a-z])(\d{1,3})$/.exec(drop);
    if (match === null) return null;
    dropped.push({ actor: (match[1] as string).charCodeAt(0) - 97, call: Number(match[2]) });
  }
  return { scenario, dropped, schedule };
}
