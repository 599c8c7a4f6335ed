import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { FROM_SOURCE } from "../../cli/threads.ts";
import { sideBySide } from "../../format/table.ts";
import { median, nameOf, type OnRun } from "../measure.ts";
import { show } from "../micro-text.ts";
import type { Workload } from "../workload.ts";
import type { PeerAnswer, PeerOrder } from "./child.ts";
import { SUBJECTS } from "./subjects.ts";

/** One workload on the core and on every peer. */
export interface Compared {
  readonly work: Workload;
  /** Median nanoseconds per op, in the order of `SUBJECTS`. */
  readonly ns: readonly number[];
  /** Whether all came to the core's checksum and number of steps. */
  readonly agrees: boolean;
}

const CHILD = fileURLToPath(new URL(FROM_SOURCE ? "child.ts" : "child.js", import.meta.url));

async function ask(child: ChildProcess, order: PeerOrder): Promise<PeerAnswer> {
  const exit = once(child, "exit").then(() => {
    throw new Error(`${order.subject} ended early on ${order.work.case}`);
  });
  child.send(order);
  const [answer] = await Promise.race([once(child, "message"), exit]);
  return answer as PeerAnswer;
}

/** Runs the workloads on each subject in a process of its own, one run at a time, taking turns. */
export async function measurePeers(
  works: readonly Workload[],
  runs: number,
  onRun: OnRun,
): Promise<Compared[]> {
  const children = SUBJECTS.map(() => fork(CHILD, { execArgv: process.execArgv }));
  for (const child of children) child.setMaxListeners(0);
  try {
    // As the core is warmed up: short runs, and some that go where these do not.
    for (let i = 1; i <= 40; i++) {
      onRun(0, `warming up, ${i} of 40`);
      const [n, ops] = i % 15 === 0 ? [20_000, 20_000] : [300, 2000];
      for (const work of works) await turn(children, { ...work, n: Math.min(work.n, n), ops });
    }
    const out = new Map<Workload, PeerAnswer[][]>(works.map((work) => [work, []]));
    for (let run = 0, done = 0; run < runs; run++) {
      for (const work of works) {
        onRun(done++, nameOf(work));
        out.get(work)?.push(await turn(children, work));
      }
    }
    return works.map((work) => compared(work, out.get(work) ?? []));
  } finally {
    for (const child of children) child.kill();
  }
}

async function turn(children: readonly ChildProcess[], work: Workload): Promise<PeerAnswer[]> {
  const answers: PeerAnswer[] = [];
  for (const [i, child] of children.entries()) {
    answers.push(await ask(child, { subject: SUBJECTS[i] as string, work }));
  }
  return answers;
}

function compared(work: Workload, rounds: readonly PeerAnswer[][]): Compared {
  const core = rounds[0]?.[0] as PeerAnswer;
  const agrees = rounds.every((answers) =>
    answers.every((a) => a.checksum === core.checksum && a.steps === core.steps),
  );
  const ns = SUBJECTS.map((_, i) =>
    median(rounds.map((answers) => (answers[i] as PeerAnswer).nsPerOp).sort((a, b) => a - b)),
  );
  return { work, ns, agrees };
}

/** The table for people: the core's time, and each peer as a multiple of it. */
export function peersTable(all: readonly Compared[], width = 100): string {
  const rows = all.map(({ work, ns, agrees }) => [
    work.case,
    work.n.toLocaleString("en"),
    show(ns[0] as number),
    ...ns.slice(1).map((v) => `${show(v)} (${(v / (ns[0] as number)).toFixed(1)}x)`),
    agrees ? "equal" : "DIFFER",
  ]);
  return `${sideBySide(["case", "mappings", ...SUBJECTS, "checksums"], rows, width).join("\n\n")}\n`;
}
