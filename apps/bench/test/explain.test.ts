import { UsageError } from "@gpuvm/drm-model";
import { expect, it } from "vitest";
import { type ExplainArgs, runExplain } from "../src/commands/explain.ts";

async function explain(args: Partial<ExplainArgs>): Promise<[number, string]> {
  let text = "";
  const all: ExplainArgs = {
    trace: "msm-vmbind-zink-supertuxkart",
    policy: "msm:vm-bind",
    ownership: "native",
    bo: 12,
    file: 0,
    at: 500,
    format: "text",
    ...args,
  };
  const code = await runExplain(all, (t) => {
    text += t;
  });
  return [code, text];
}

it("follows the holders of a buffer of a real trace to their roots", async () => {
  const [code, text] = await explain({});
  expect(code).toBe(0);
  expect(text).toMatch(/<- handle 12 of file 0/);
  expect(text).toMatch(/<- vm_bo#\d+ [^\n]*\n {4}<- va#\d+ of vm#\d+ \(in its tree[^\n]*\n {6}<- context#/);
  expect(text).toMatch(/an unmap \(userspace\)/);
});

it("says who keeps it when its program has ended, and that it should not be kept", async () => {
  const [code, text] = await explain({
    trace: "powervr-vk-streaming",
    policy: "msm:hard-naive",
    bo: 3,
    at: "exit",
  });
  expect(code).toBe(1);
  expect(text).toContain("translated");
  expect(text).toMatch(/in programs' VMs no event takes its mapping away/);
});

it("a buffer that was freed has a history, and no holders", async () => {
  const [code, text] = await explain({ at: "exit", format: "json" });
  expect(code).toBe(0);
  expect(JSON.parse(text)).toMatchObject({ alive: false, chain: [], subject: "msm:vm-bind" });
});

it("a buffer that is not there is the user's mistake", async () => {
  await expect(explain({ at: 1 })).rejects.toThrow(UsageError);
  await expect(explain({ trace: "nonsense" })).rejects.toThrow(UsageError);
});
