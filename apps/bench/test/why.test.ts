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
