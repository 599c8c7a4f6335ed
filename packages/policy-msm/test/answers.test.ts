import { replayFile } from "@gpuvm/conformance/node";
import { describe, expect, it } from "vitest";
import { MODEL, VECTORS } from "../src/answers/index.ts";

describe("what the driver's own code answered", () => {
  it.each(VECTORS.map((url) => [url.pathname.split("/").at(-1), url] as const))("%s", async (_name, url) => {
    const { vectors, failed, skipped, failures } = await replayFile(url, { keep: 1, drivers: [MODEL] });
    expect(failures).toEqual([]);
    expect([vectors > 900, failed, skipped]).toEqual([true, 0, 0]);
  });

  it("is compared whole: nothing is left out without a reason", () => {
    expect(Object.values(MODEL.leftOut).every((reason) => reason.length > 20)).toBe(true);
  });

  it("an unknown request is an error, in both forms", () => {
    expect(() => MODEL.begin("msm/x").answer(["msm", "dance"])).toThrow(/does not know the request "dance"/);
    expect(() => MODEL.begin("x").answer(["msm", "dance"])).toThrow(/does not know the request "dance"/);
    expect(() => MODEL.begin("x").answer(["msm", "open", "one", "legacy"])).toThrow(
      /"one" .* is not a number/,
    );
    expect(() => MODEL.begin("x").answer(["msm", "gemclose"])).toThrow(/ends where a word is expected/);
  });
});
