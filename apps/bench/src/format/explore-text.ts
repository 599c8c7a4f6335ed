import { count } from "@gpuvm/results/units";
import type { Explored, Shown } from "@gpuvm/scenarios";
import { isOutside } from "../inputs/outside-policy.ts";
import { fitted, leftOut } from "./fitted.ts";
import { wrapped } from "./wrapped.ts";

/** Columns that may go where the terminal is narrow, the least important first. */
const LEAST = ["schedules", "steps", "transitions", "states"];

/** Something that was found, in however many scenarios. */
interface Cause {
  /** Where, as the table calls the scenarios. */
  readonly scenarios: string[];
  /** The shortest story of all. */
  shortest: Shown;
}

/** What an exploration came to, for a terminal: a row for each scenario, a story for each cause, one sentence. */
export function exploreText(explored: readonly Explored[], width: number): string {
  const group = groupOf(explored);
  const short = (name: string) => name.slice(group.length);
  const head = ["scenario", "states", "transitions", "steps", "schedules", "explored", "found"];
  const rows = explored.map(({ name, result: r }) => [
    short(name),
    count(r.states),
    count(r.transitions),
    count(r.steps),
    count(r.runs),
    r.bound === null ? "to the end" : `STOPPED at ${r.bound}`,
    count(r.findings.length),
  ]);
  const table = fitted(head, rows, width, LEAST);
  const methods = [...new Set(explored.map(({ result }) => result.method))].join(", ");
  const lines = [`${group === "" ? "" : `${group.slice(0, -1)}, `}${methods}`, "", table.table];
  lines.push(...leftOut(table, width));
  for (const line of allowed(explored, short)) lines.push(wrapped(line, width));
  for (const { name, result } of explored) {
    for (const witness of result.unreached) lines.push("", `${short(name)}: never reached: ${witness}`);
  }
  // A token alone runs no code of the user's.
  const policy = group.slice(0, -1);
  const also = isOutside(policy) ? `  (with --policy ${policy})` : "";
  for (const cause of causesOf(explored, short)) lines.push("", ...told(cause, width, also));
  lines.push("", wrapped(sentence(explored), width));
  return `${lines.join("\n")}\n`;
}

/** What was not looked for, why, and where. */
function allowed(explored: readonly Explored[], short: (name: string) => string): string[] {
  const where = new Map<string, string[]>();
  for (const { name, allow } of explored) {
    for (const [kind, reason] of Object.entries(allow)) {
      const what = `allowed: ${kind}, as ${reason}: in `;
      where.set(what, [...(where.get(what) ?? []), short(name)]);
    }
  }
  return [...where].map(([what, names]) => `${what}${names.join(", ")}`);
}

/** What all names begin with, up to a slash: the policy. */
function groupOf(explored: readonly Explored[]): string {
  const [first = ""] = explored.map(({ name }) => name.slice(0, name.lastIndexOf("/") + 1));
  return explored.every(({ name }) => name.slice(0, name.lastIndexOf("/") + 1) === first) ? first : "";
}

/** The same thing may be found in many scenarios: it is told once, by the story with the fewest steps. */
function causesOf(explored: readonly Explored[], short: (name: string) => string): Cause[] {
  const causes = new Map<string, Cause>();
  for (const { name, shown } of explored) {
    for (const one of shown) {
      // Who holds what, and whose step it is, differs from scenario to scenario; what is wrong does not.
      const key = one.key.replace(/ \(.*\)$/s, "").replace(/^([A-Z_]+|crash): [^:]+: /, "$1: ");
      const cause = causes.get(key);
      if (cause === undefined) causes.set(key, { scenarios: [short(name)], shortest: one });
      else {
        if (cause.scenarios.at(-1) !== short(name)) cause.scenarios.push(short(name));
        if (better(one, cause.shortest)) cause.shortest = one;
      }
    }
  }
  return [...causes.values()];
}

/** Fewer steps, but one at least: where there is none the setup shows it, and no call of an actor. */
function better(one: Shown, other: Shown): boolean {
  return one.steps > 0 && (other.steps === 0 || one.steps < other.steps);
}

function told({ scenarios, shortest }: Cause, width: number, also: string): string[] {
  const { table, token, others } = shortest;
  const where =
    scenarios.length === 1 ? scenarios[0] : `${scenarios.length} scenarios: ${scenarios.join(", ")}`;
  const tokens = [`replay: ${token}${also}`, ...others.map((other) => `against: ${other}`)];
  return [wrapped(`in ${where}`, width, "  "), "", table.trimEnd(), "", ...tokens];
}

function sentence(explored: readonly Explored[]): string {
  const stopped = explored.filter(({ result }) => result.bound !== null).length;
  const showing = explored.filter(({ shown }) => shown.length > 0).length;
  const unreached = explored.filter(({ result }) => result.unreached.length > 0).length;
  const causes = causesOf(explored, (name) => name).length;
  const all = explored.length === 1 ? "the scenario" : `${count(explored.length)} scenarios`;
  const found =
    causes === 0
      ? `Nothing was found in ${all}`
      : `${causes === 1 ? "One thing was" : `${count(causes)} things were`} found in ${showing === explored.length ? all : `${count(showing)} of ${all}`}`;
  const rest = [
    stopped === 0
      ? "every schedule was gone through"
      : `${count(stopped)} ${stopped === 1 ? "search" : "searches"} stopped before the end, so there may be more`,
    ...(unreached === 0
      ? []
      : [
          `${count(unreached)} ${unreached === 1 ? "scenario" : "scenarios"} never reached what ${unreached === 1 ? "it is" : "they are"} about`,
        ]),
  ];
  return `${found}; ${rest.join("; ")}.`;
}
