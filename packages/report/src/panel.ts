import type { Portrait, RunResult } from "@gpuvm/results";

/** One replay in the report. */
export interface Entry {
  /** What it is called: the subject, with the file's name where several files have it. */
  readonly name: string;
  readonly run: RunResult;
  readonly portrait: Portrait;
  /** Its file says that not everything was replayed; absent: all was. */
  readonly doubtful?: boolean;
}

/** One figure of the report. */
export interface Panel {
  /** What it shows, as a sentence. */
  readonly title: string;
  /** What the axes are, with units. */
  readonly note: string;
  /** SVG; empty where a sentence says it all. */
  readonly picture: string;
  /** The numbers behind it. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** HTML below the picture. */
  readonly extra?: string;
}

/** Entries that look alike, to be drawn once. */
export interface Alike {
  readonly names: readonly string[];
  /** Colour: that of the first. */
  readonly colour: string;
  readonly entry: Entry;
}

/** Joins entries of which `look` says the same. */
export function alike(entries: readonly Entry[], look: (entry: Entry) => unknown): Alike[] {
  const groups = new Map<string, { names: string[]; colour: string; entry: Entry }>();
  for (const [i, entry] of entries.entries()) {
    const key = JSON.stringify(look(entry));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [entry.name], colour: colour(i), entry });
    else group.names.push(entry.name);
  }
  return [...groups.values()];
}

/** Colours that are told apart by everybody; the style sheet has them for light and dark. */
export function colour(i: number): string {
  return `var(--s${i % 8})`;
}

/** `a, b and c`; long lists are cut. */
export function list(names: readonly string[]): string {
  if (names.length <= 1) return names[0] ?? "";
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
