import { replayFile } from "@gpuvm/conformance/node";
import { describe, expect, it } from "vitest";
import { MODEL, VECTORS } from "../src/answers/index.ts";

describe("what the driver's own code answered", () => {
  it.each(VECTORS.map((url) => [url.pathname.split("/").at(-1), url] as const))("%s", async (_name, url) => {
    const { vectors, failed, skipped, failures } = await replayFile(url, { keep: 1, drivers: [MODEL] });
    expect(failures).toEqual([]);
    expect([vectors > 200, failed, skipped]).toEqual([true, 0, 0]);
  });

  it("is compared whole: nothing is left out without a reason", () => {
    expect(Object.values(MODEL.leftOut).every((reason) => reason.length > 20)).toBe(true);
  });

  it("an unknown request is an error", () => {
    expect(() => MODEL.begin("x").answer(["nouveau", "dance"])).toThrow(/no request nouveau dance/);
  });
});
