import { expect, it } from "vitest";
import { runWhy, type WhyArgs } from "../src/commands/why.ts";

async function why(policy: string, args: Partial<WhyArgs> = {}): Promise<[number, string]> {
  let text = "";
  const asked = { policy: [policy], ownership: "native", format: "text", svg: undefined, ...args } as const;
  return [await runWhy(asked, (t) => (text += t)), text];
}

it("answers 1 for a reference loop that nothing breaks, and says so", async () => {
  const [code, text] = await why("msm", { ownership: "hard" });
  expect(code).toBe(1);
  expect(text).toMatch(/hard instead of soft/);
  expect(text).toMatch(/NOTHING BREAKS IT/);
});

it("answers 0 where something does, as text and as JSON", async () => {
  expect((await why("msm:mainline"))[0]).toBe(0);
  const [code, json] = await why("msm:mainline", { format: "json" });
  expect(code).toBe(0);
  expect(JSON.parse(json)[0]).toMatchObject({ policy: "msm", variant: "mainline" });
});

it("says what comes of work that does not end, under the ownership that was asked for", async () => {
  // Lines are as long as the terminal is wide.
  const said = async (policy: string, args: Partial<WhyArgs> = {}) =>
    (await why(policy, args))[1].replaceAll(/\s+/g, " ");
  const own = await said("msm:vm-bind");
  expect(own).toMatch(
    /- a job hangs, more behind it \(study: W16\): with 12 jobs the closes wait 0 ms in all, the last job is over after 2 s, 7 of 11/,
  );
  expect(own).not.toMatch(/under a job that uses it/);
  const soft = await said("msm:vm-bind", { ownership: "soft" });
  expect(soft).toMatch(/\(study: W16\): .*; 12 buffers unmapped under a job that uses it\./);
  expect(await said("powervr:mainline")).toMatch(
    /\(study: W16\): not told: after 60 s pvr_queue_timedout_job/,
  );
  const [, json] = await why("xe", { format: "json" });
  expect(JSON.parse(json)[0].unended[0]).toMatchObject({ workload: "W16", outcome: { last_job_ms_1: 5000 } });
  // A policy that is declared only has nothing that could run.
  expect(await said("tyr")).not.toMatch(/does not end/);
});
