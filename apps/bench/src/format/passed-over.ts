import { count } from "@gpuvm/results/units";
import type { PassedOver } from "@gpuvm/trace";

/** Kinds that are named. */
const SHOWN = 6;

/** Says how many harmless lines of a file were passed over, and which: the others are told of one by one. */
export function passedOver(
  file: string,
  skipped: ReadonlyMap<string, PassedOver> | readonly PassedOver[],
  say: (text: string) => void,
): void {
  const kinds = [...skipped.values()].filter(({ harmless }) => harmless);
  if (kinds.length === 0) return;
  kinds.sort((a, b) => b.lines - a.lines);
  const shown = kinds.slice(0, SHOWN).map(({ what, lines }) => `${count(lines)} ${what}`);
  say(
    `${file}: passed over, as they ask nothing of a driver: ${shown.join(", ")}${kinds.length > SHOWN ? ", ..." : ""}\n`,
  );
}

/** Says that a file tells of faults, and what looks them up. */
export function sayFaults(faults: number, files: string, say: (text: string) => void): void {
  if (faults === 0) return;
  const many = faults === 1 ? "a GPU fault is" : `${count(faults)} GPU faults are`;
  say(`${many} told of, which no request has; look it up in the binds with: gpuvm-bench lint ${files}\n`);
}
