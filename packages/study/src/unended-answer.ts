import type { BoOwnership } from "@gpuvm/core";
import type { Study } from "./run-study.ts";
import type { Outcome } from "./workloads/workload.ts";
import { span } from "./workloads/workload.ts";

/** What one ownership came to in the workloads whose work does not end: ways by what happened to them. */
interface Came {
  /** The GPU lost a mapping or memory that a job uses, or an object was used after its end. */
  readonly loses: ReadonlySet<string>;
  /** A call of the program waits. */
  readonly waits: ReadonlySet<string>;
  /** Something is left for good. */
  readonly leaks: ReadonlySet<string>;
  /** The longest wait of a close, in milliseconds. */
  readonly longestMs: number;
}

/** Names of the figures that tell of each, or how they begin. */
const TOLD = {
  loses: ["unmapped_running", "freed_mapped", "findings"],
  waits: ["close_wait_ms_n", "end_wait_ms_close", "end_wait_ms_kill"],
  leaks: ["leaked_objects", "left_objects"],
} as const;
type What = keyof typeof TOLD;

interface Row {
  readonly way: string;
  readonly outcome: Outcome;
}

/** Figures of an outcome that tell of something; what a program asked for itself, with its VM, is not counted. */
function told({ outcome }: Row, what: What): number[] {
  return Object.entries(outcome).flatMap(([name, value]) =>
    !name.endsWith("_vm") && TOLD[what].some((word) => name.startsWith(word)) ? [value] : [],
  );
}

function came(rows: readonly Row[]): Came {
  const of = (what: What) =>
    new Set(rows.filter((row) => told(row, what).some((value) => value > 0)).map(({ way }) => way));
  return {
    loses: of("loses"),
    waits: of("waits"),
    leaks: of("leaks"),
    longestMs: Math.max(0, ...rows.flatMap((row) => told(row, "waits"))),
  };
}

/**
 * What soft and hard ownership came to where work does not end, in three sentences, each computed from the cells that were run
 * under both; empty: none was.
 */
export function unendedAnswer({ cells }: Study): string[] {
  const both = cells.flatMap(({ way, ownership, outcome, tried }) =>
    tried === null
      ? []
      : [
          { way, ownership, outcome },
          { way, ownership: tried.ownership, outcome: tried.outcome },
        ],
  );
  if (both.length === 0) return [];
  const under = (wanted: BoOwnership) => came(both.filter(({ ownership }) => ownership === wanted));
  const [hard, soft] = [under("hard"), under("soft")];
  /** A part of a sentence; none where no figure tells of it. */
  const says = (begin: string, what: What, more: (came: Came) => string = () => "") => {
    const total = new Set(both.filter((row) => told(row, what).length > 0).map(({ way }) => way)).size;
    if (total === 0) return [];
    return [
      `${begin} ${compared(where(hard[what], total, more(hard)), where(soft[what], total, more(soft)))}`,
    ];
  };
  const cost = [
    ...says("during a hang a close waits", "waits", ({ longestMs }) => `, up to ${span(longestMs)}`),
    ...says("something is left for good", "leaks"),
  ].join("; ");
  return [
    ...says("What is still in use goes", "loses"),
    ...(cost === "" ? [] : [cost.charAt(0).toUpperCase() + cost.slice(1)]),
    `So soft ownership ${balance(hard, soft)}`,
  ].map((sentence) => `${sentence}.`);
}

function compared(hard: string, soft: string): string {
  return hard === soft ? `${hard}, held hard or soft` : `${hard} held hard, and ${soft} held soft`;
}

/** Names that are said; of more only how many there are. */
const NAMED = 4;

function where(ways: ReadonlySet<string>, total: number, more = ""): string {
  if (ways.size === 0) return total === 1 ? "in no variant" : `in none of ${total} variants`;
  if (total === 1) return `in the one variant${more}`;
  if (ways.size === total) return `in each of ${total} variants${more}`;
  const names = ways.size > NAMED ? "" : ` (${[...ways].join(", ")})`;
  return `in ${ways.size} of ${total} variants${names}${more}`;
}

/** What soft does more, and less often than hard: in variants. */
function balance(hard: Came, soft: Came): string {
  const costs: string[] = [];
  const spares: string[] = [];
  for (const [what, then] of [
    ["loses", "a loss of what is in use"],
    ["leaks", "a leak"],
    ["waits", "a wait"],
  ] as const) {
    const more = [...soft[what]].filter((way) => !hard[what].has(way)).length;
    const fewer = [...hard[what]].filter((way) => !soft[what].has(way)).length;
    if (more > 0) costs.push(`${then} in ${variants(more)}`);
    if (fewer > 0) spares.push(`${then} in ${variants(fewer)}`);
  }
  if (costs.length + spares.length === 0) return "costs and spares none of the three in any variant";
  const parts = [
    costs.length === 0 ? "costs none of the three" : `costs ${costs.join(", ")}`,
    spares.length === 0 ? "spares none of them" : `spares ${spares.join(", ")}`,
  ];
  return parts.join(", and ");
}

function variants(n: number): string {
  return n === 1 ? "1 variant" : `${n} variants`;
}
