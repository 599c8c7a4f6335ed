/**
 * Prints how many blocks of code of the core are entered for each replaced mapping, among few and among many, and
 * as its opposite for a walk over all of them. To be run with `--no-opt --no-maglev --no-sparkplug`: compiled code is not counted.
 */
import { Session } from "node:inspector/promises";
import { gpuvmForEachVa } from "@gpuvm/core";
import { Checksum } from "../src/micro/checksum.ts";
import { CoreSubject } from "../src/micro/core-subject.ts";
import { runWorkload } from "../src/micro/workload.ts";

const FEW = 1000;
const MANY = 32_000;
const OPS = 1000;

/** How often the blocks of the core are entered while something runs. */
async function entered(act: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  act();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  session.disconnect();
  return result
    .filter(({ url }) => url.includes("gpuvm-core/src"))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

async function eachOf(n: number, run: (n: number, ops: number) => void): Promise<number> {
  // Once before: what is compiled later is counted later.
  run(n, OPS);
  const half = await entered(() => run(n, OPS));
  return ((await entered(() => run(n, 2 * OPS))) - half) / OPS;
}

function core(n: number, ops: number): void {
  const subject = new CoreSubject("ops", new Checksum(false));
  runWorkload(subject, { case: "replace", n, ops, seed: 3 }, () => 0);
}

function list(n: number, ops: number): void {
  const subject = new CoreSubject("ops", new Checksum(false));
  runWorkload(subject, { case: "insert", n, ops: 0, seed: 3 }, () => 0);
  for (let op = 0; op < ops / 100; op++) gpuvmForEachVa(subject.vm, () => {});
}

const counted = {
  core: [await eachOf(FEW, core), await eachOf(MANY, core)],
  list: [await eachOf(FEW, list), await eachOf(MANY, list)],
};
console.log(JSON.stringify(counted));
