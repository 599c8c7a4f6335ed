/** What an ioctl costs under the recorder, in nanoseconds: `node --conditions=@gpuvm/source bench/overhead.ts [ROUNDS]`. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildLibrary, buildShared, compiler } from "../src/node/index.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const rounds = process.argv[2] ?? "1000000";
const RUNS = 7;
const folder = mkdtempSync(join(tmpdir(), "gpuvm-overhead-"));

function measure(preload: string, recordInto: string | undefined): readonly number[] {
  const into = recordInto === undefined ? {} : { GPUVM_RECORD_DIR: recordInto };
  const env = { ...process.env, LD_PRELOAD: preload, ...into };
  return execFileSync(join(folder, "overhead"), [rounds], { env, encoding: "utf8" }).split(" ").map(Number);
}

/** The least of each: what else the machine does only adds. */
function least(runs: readonly (readonly number[])[]): readonly number[] {
  return [0, 1].map((i) => Math.min(...runs.map((run) => run[i] ?? 0)));
}

try {
  const native = here("../native/");
  const answer = buildShared(here("answer"), "answer", folder, process.env, [native]);
  const library = buildLibrary(folder);
  const include = ["-I", native, "-idirafter", join(native, "shim")];
  const built = spawnSync(
    compiler(),
    ["-O2", "-std=gnu11", ...include, "-o", join(folder, "overhead"), here("overhead.c")],
    { stdio: "inherit" },
  );
  if (built.status !== 0) process.exit(1);
  const plain: (readonly number[])[] = [];
  const recorded: (readonly number[])[] = [];
  for (let i = 0; i < RUNS; i++) {
    plain.push(measure(answer, undefined));
    recorded.push(measure(`${library} ${answer}`, folder));
  }
  const added = least(recorded).map((ns, i) => Math.round(ns - (least(plain)[i] ?? 0)));
  console.log(`a request that is written down: ${added[0]} ns more; one that is not: ${added[1]} ns more`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
