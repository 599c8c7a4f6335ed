/*
 * Replays every shipped trace on its own driver with generators and with plain functions, and one on a driver where a worker has
 * to wait. Prints for each, as JSON, how plain functions did: `same` results but for times, others, or why not to the end; and
 * whether what `run` does gives the same.
 */
import { subjectNamed } from "@gpuvm/drivers";
import { replayOne as replayWith, runResult } from "@gpuvm/results";
import { openTrace, shippedSources } from "../src/inputs/open-trace.ts";
import { HERE, replayOne } from "../src/run/replay.ts";
import { straightCopy } from "../src/run/straight.ts";

const OPTIONS = { audit: false, lockdep: false, repeat: 1, portrait: true };

/** Results without what a clock says. */
function said(result: object): string {
  return JSON.stringify(result, (key, value) => (key === "timing" ? undefined : value));
}

async function bothWays(path: string, policy?: string): Promise<object> {
  const source = await openTrace(path);
  const subject = subjectNamed(policy ?? source.header.driver);
  const copy = await straightCopy(subject);
  const plain = said(runResult(await replayWith(source, subject, { ...OPTIONS, ...HERE })));
  const straight = await replayWith(source, subject, { ...OPTIONS, ...HERE, copy }).then(
    (replayed) => (said(runResult(replayed)) === plain ? "same" : "other"),
    (error: Error) => error.constructor.name,
  );
  const asRun = said(runResult(await replayOne(source, subject, OPTIONS)));
  return {
    trace: source.name,
    copied: copy !== undefined,
    straight,
    run: asRun === plain ? "same" : "other",
  };
}

const answers: object[] = [];
for (const path of shippedSources()) answers.push(await bothWays(path));
const xe = shippedSources().find((path) => path.includes("xe-gl-supertuxkart"));
answers.push(await bothWays(xe as string, "nouveau"));
console.log(JSON.stringify(answers));
