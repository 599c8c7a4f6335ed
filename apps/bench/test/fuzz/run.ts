/**
 * `npm run fuzz -- READER --minutes N`: feeds a reader with damaged inputs, keeps those that reach code that nothing reached
 * before, and stops at the first that crashes, hangs, or takes more memory than it may. That one is kept.
 */
import { type ChildProcess, fork } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TARGETS } from "./targets.ts";

/** A batch of inputs that takes longer hangs. */
const HANG_MS = 60_000;
/** What a reader of inputs of 64 KiB may take. */
const HEAP_MIB = 768;
const RSS_BYTES = 1.5 * 2 ** 30;

interface Report {
  readonly inputs: number;
  readonly refused: number;
  readonly corpus: number;
  readonly rss: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } },
});
const [name = ""] = positionals;
const minutes = Number(values.minutes);
if (!TARGETS.has(name) || !(minutes > 0)) {
  console.error(
    `usage: npm run fuzz -- READER [--minutes N] [--seed N]\nreaders: ${[...TARGETS.keys()].join(", ")}`,
  );
  process.exit(2);
}
const root = fileURLToPath(new URL("../../../../", import.meta.url));
const corpusDir = join(root, "node_modules", ".cache", "gpuvm-fuzz", name);
const scratch = mkdtempSync(join(tmpdir(), "gpuvm-fuzz-"));
const current = join(scratch, "input");
// A new seed each time, or nothing new would be tried.
const seed = values.seed ?? String(Date.now() % 2 ** 31);

const child: ChildProcess = fork(
  fileURLToPath(new URL("child.ts", import.meta.url)),
  [name, corpusDir, current, seed],
  {
    execArgv: ["--conditions=@gpuvm/source", `--max-old-space-size=${HEAP_MIB}`],
  },
);
let last: Report | undefined;
let heard = Date.now();
let finding = "";
child.on("message", (report: Report) => {
  last = report;
  heard = Date.now();
  if (report.rss > RSS_BYTES) end(`took ${Math.round(report.rss / 2 ** 20)} MiB`);
});
const watch = setInterval(() => {
  if (Date.now() - heard > HANG_MS) end(`hangs: no sign of life for ${HANG_MS / 1000} s`);
}, 1000);
const enough = setTimeout(() => child.kill("SIGKILL"), minutes * 60_000);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill("SIGKILL"));

function end(why: string): void {
  finding ||= why;
  child.kill("SIGKILL");
}

child.on("exit", (code, signal) => {
  clearInterval(watch);
  clearTimeout(enough);
  if (signal !== "SIGKILL")
    finding ||= `ended by itself: ${signal ?? `exit code ${code}`}; what it said is above`;
  if (last !== undefined)
    console.log(
      `${name}, seed ${seed}: ${last.inputs} inputs, ${last.refused} refused, corpus ${last.corpus}`,
    );
  if (finding !== "") {
    const keep = join(root, `fuzz-${name}-${seed}`);
    if (existsSync(current)) copyFileSync(current, keep);
    console.error(`${name}: ${finding}\nthe input: ${keep}`);
  }
  rmSync(scratch, { recursive: true, force: true });
  process.exitCode = finding === "" ? 0 : 1;
});
