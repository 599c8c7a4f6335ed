import { list } from "./panel.ts";

/** A figure of one policy, as it stands in the row under the title. */
export interface Figure {
  readonly name: string;
  readonly value: number;
}

/** Figures that are the same, with everybody whose they are. */
interface Rank {
  readonly names: readonly string[];
  readonly value: number;
}

/** The figures from the greatest down, ties together. */
function ranked(figures: readonly Figure[]): Rank[] {
  const ranks = new Map<number, string[]>();
  for (const { name, value } of [...figures].sort((a, b) => b.value - a.value))
    ranks.set(value, [...(ranks.get(value) ?? []), name]);
  return [...ranks].map(([value, names]) => ({ names, value }));
}

const verb = ({ names }: Rank, one: string, many: string) => (names.length === 1 ? one : many);

/**
 * What each keeps that its program has given back: `a and b keep up to 69.8 MiB that ...; c keeps nothing`. Every policy
 * is named in it.
 *
 * @param what `that its program has given back`
 */
export function keptTitle(figures: readonly Figure[], show: (value: number) => string, what: string): string {
  const ranks = ranked(figures);
  const [most, ...rest] = ranks;
  if (most === undefined || most.value === 0) return `No policy keeps anything ${what}`;
  if (rest.length === 0 && most.names.length > 1)
    return `Every policy keeps up to ${show(most.value)} ${what}`;
  const others = rest.map((rank) =>
    rank.value === 0
      ? `${list(rank.names)} ${verb(rank, "keeps", "keep")} nothing`
      : `${list(rank.names)} up to ${show(rank.value)}`,
  );
  const head = `${list(most.names)} ${verb(most, "keeps", "keep")} up to ${show(most.value)} ${what}`;
  return [head, ...others].join("; ");
}

/** The greatest and the least, ties together: `Up to 12 mappings at once under a; 3 under b and c`. */
export function rangeTitle(
  figures: readonly Figure[],
  say: (value: number) => string,
  short: (value: number) => string,
): string {
  const ranks = ranked(figures);
  const most = ranks[0];
  const least = ranks.at(-1);
  if (most === undefined || least === undefined) return say(0);
  if (most === least) return `${say(most.value)}${most.names.length > 1 ? " under every policy" : ""}`;
  return `${say(most.value)} under ${list(most.names)}; ${ranks.length > 2 ? "least, " : ""}${short(least.value)} under ${list(least.names)}`;
}

/** Who leaves what, and who met what: each by itself. `doubtful`: not everything was replayed, so nothing is no verdict. */
export function leftTitle(
  left: readonly {
    readonly name: string;
    readonly bos: number;
    readonly vms: number;
    readonly hazards: number;
  }[],
  count: (n: number) => string,
  doubtful = false,
): string {
  const behind = left
    .filter(({ bos, vms }) => bos + vms > 0)
    .map(({ name, bos, vms }) => `${name} leaves ${things(bos, vms, count)}`);
  const met = left
    .filter(({ hazards }) => hazards > 0)
    .map(({ name, hazards }) => `${name} ran into ${count(hazards)} hazard${hazards === 1 ? "" : "s"}`);
  const parts = [
    behind.length === 0 ? "Nothing is left behind" : `${behind.join(", ")} behind`,
    met.length === 0 ? "no hazard was met" : met.join(", "),
  ];
  if (behind.length === 0 && met.length === 0 && doubtful)
    return "No verdict on what is left behind: of what was replayed, nothing was";
  if (behind.length === 0 && met.length === 0)
    return `Nothing is left behind${left.length > 1 ? " under any policy" : ""}, and no hazard was met`;
  return parts.join("; ");
}

function things(bos: number, vms: number, count: (n: number) => string): string {
  const parts = [
    bos > 0 ? `${count(bos)} buffer${bos === 1 ? "" : "s"}` : "",
    vms > 0 ? `${count(vms)} VM${vms === 1 ? "" : "s"}` : "",
  ];
  return parts.filter((part) => part !== "").join(" and ");
}
