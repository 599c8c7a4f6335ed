import type { VerifiedScenario } from "@gpuvm/explorer";
import { count } from "@gpuvm/results/units";
import { fitted, leftOut } from "./fitted.ts";
import { wrapped } from "./wrapped.ts";

/** One scenario, with what it comes to by each way through it. */
export interface Verified extends VerifiedScenario {
  readonly name: string;
}

/** Columns that may go where the terminal is narrow, the least important first. */
const LEAST = ["taken back", "meetings", "stopped"];

/** Whether all ways through scenarios come to the same, for a terminal: a row for each, and what differs. */
export function verifyText(verified: readonly Verified[], width: number): string {
  const short = ({ name }: Verified) => name.slice(name.lastIndexOf("/") + 1);
  const head = ["scenario", "states", "to the end", "stopped", "meetings", "taken back", "found", "differs"];
  const rows = verified.map((v) => [
    short(v),
    count(v.states),
    v.whole.join(" "),
    v.stopped.join(" "),
    count(v.meetings),
    count(v.undone),
    count(v.found.length),
    count(v.differs.length),
  ]);
  const table = fitted(head, rows, width, LEAST);
  const lines = [table.table, ...leftOut(table, width)];
  for (const one of verified)
    for (const what of one.differs) lines.push("", wrapped(`DIFFERS in ${short(one)}: ${what}`, width));
  lines.push("", wrapped(sentence(verified), width));
  return `${lines.join("\n")}\n`;
}

function sentence(verified: readonly Verified[]): string {
  const wrong = verified.filter(({ differs }) => differs.length > 0).length;
  const sum = (field: "states" | "meetings" | "undone") =>
    count(verified.reduce((total, one) => total + one[field], 0));
  const scenarios = verified.length === 1 ? "1 scenario" : `${count(verified.length)} scenarios`;
  const what = `${scenarios}: ${sum("states")} states in two orders, ${sum("meetings")} meetings in a state, ${sum("undone")} steps taken back`;
  if (wrong === 0) return `Nothing differs in ${what}.`;
  return `${wrong === 1 ? "One" : count(wrong)} of ${what} is not what the searches take it for.`;
}
