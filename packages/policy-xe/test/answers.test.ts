import { replayFile } from "@gpuvm/conformance/node";
import { describe, expect, it } from "vitest";
import { MODEL, VECTORS } from "../src/answers/index.ts";

const ANSWERS: Readonly<Record<string, number>> = {
  "xe.jsonl.gz": 9684,
  "xe-pt.jsonl.gz": 5066,
  "xe-vram.jsonl.gz": 2353,
  "xe-named.jsonl.gz": 504,
};

describe("what the driver's own code answered", () => {
  it.each(VECTORS.map((url) => [url.pathname.split("/").at(-1) ?? "", url] as const))(
    "%s",
    async (name, url) => {
      const { vectors, failed, skipped, failures } = await replayFile(url, { keep: 1, drivers: [MODEL] });
      expect(failures).toEqual([]);
      expect([vectors, failed, skipped]).toEqual([ANSWERS[name], 0, 0]);
    },
  );

  it("is compared whole: nothing is left out, or late, without a reason", () => {
    const { leftOut, late } = MODEL;
    for (const reasons of [leftOut, late?.events ?? {}, late?.states ?? {}])
      for (const reason of Object.values(reasons)) expect(reason.length).toBeGreaterThan(15);
  });

  it("an unknown request is an error", () => {
    expect(() => MODEL.begin("x").answer(["xe", "dance"])).toThrow(/no request "xe dance"/);
    expect(() => MODEL.begin("x").answer(["xe", "open", "one"])).toThrow(/word 2 of .* is no number/);
    expect(() => MODEL.begin("x").answer(["xe", "closebo", "7"])).toThrow(/nothing is known/);
  });
});
