import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { shippedTraces } from "@gpuvm/trace/node";
import { expect, it } from "vitest";

interface Answer {
  readonly trace: string;
  readonly copied: boolean;
  readonly straight: string;
  readonly run: string;
}

it("every shipped trace gives the same with generators and with plain functions, or is begun anew", () => {
  const file = fileURLToPath(new URL("./both-ways.ts", import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=@gpuvm/source", file], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  const answers = JSON.parse(stdout) as Answer[];
  const last = answers.pop();
  expect(answers.length).toBe(shippedTraces().length);
  for (const answer of answers) expect(answer).toMatchObject({ copied: true, straight: "same", run: "same" });
  // nouveau's worker waits for a lock that a call has, which waits for the worker before it.
  expect(last).toMatchObject({ copied: true, straight: "NotStraight", run: "same" });
});
