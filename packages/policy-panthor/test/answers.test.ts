import { replayFile } from "@gpuvm/conformance/node";
import { describe, expect, it } from "vitest";
import { MODEL, VECTORS } from "../src/answers/index.ts";

describe("what the driver's own code answered", () => {
  it.each(VECTORS.map((url) => [url.pathname.split("/").at(-1), url] as const))("%s", async (_name, url) => {
    const { vectors, failed, skipped, failures } = await replayFile(url, { keep: 1, drivers: [MODEL] });
    expect(failures).toEqual([]);
    expect([vectors > 40, failed, skipped]).toEqual([true, 0, 0]);
  });

  it("is compared whole: nothing is left out without a reason", () => {
    expect(Object.values(MODEL.leftOut).every((reason) => reason.length > 20)).toBe(true);
  });

  it("an unknown request is an error", () => {
    const begun = () => {
      const session = MODEL.begin("panthor/x");
      session.answer(["panthor", "open", "1", "huge"]);
      return session;
    };
    expect(() => MODEL.begin("panthor/x").answer(["panthor", "evict", "1"])).toThrow(
      /begins with panthor open/,
    );
    expect(() => begun().answer(["panthor", "dance"])).toThrow(/no request "dance"/);
    expect(() => begun().answer(["panthor", "vmcreate", "9", "1"])).toThrow(/file 9 is not open/);
    expect(() => MODEL.begin("panthor/x").answer(["panthor", "open", "1", "tiny"])).toThrow(/not "tiny"/);
  });

  it("an unknown request of jobs is an error", () => {
    const ask = (request: string) => {
      const session = MODEL.begin("x");
      session.answer(["panthor", "open", "1"]);
      return () => session.answer(request.split(" "));
    };
    expect(ask("panthor dance")).toThrow(/no request "dance"/);
    expect(ask("panthor vmcreate 1 one")).toThrow(/word 3 of .* is no number/);
    expect(ask("panthor vmcreate 1 1 1")).toThrow(/more words/);
    expect(ask("panthor bo 1 1 0x1000 tiny")).toThrow(/none of huge, shmem, scatter/);
    expect(ask("panthor bind 1 later unmap 0x1000 0x1000")).toThrow(/none of async, sync/);
  });

  it("answers otherwise only where a recording does not say how it was", () => {
    const session = MODEL.begin("x");
    const ask = (request: string) => session.answer(request.split(" "))["ret"];
    const others = () => {
      const rets = new Set<unknown>();
      for (let other = session.another?.(); other != null; other = session.another?.())
        rets.add(other["ret"]);
      return [...rets];
    };
    expect([ask("panthor open 1"), ask("panthor vmcreate 1 1")]).toEqual([0, 0]);
    expect([ask("panthor group 5 1 9"), ask("panthor groupdestroy 5")]).toEqual([-22, -9]);
    // The recorder's number 5 was never a group here: what it stands for is of an earlier sequence.
    expect(others()).toEqual([-22, -9]);
    expect([ask("panthor vmdestroy 1"), others()]).toEqual([0, [0]]);
  });
});

describe("calls that map", () => {
  const fold = (events: unknown[]) => MODEL.fold?.({ events })["events"];

  it("are one where the next goes on from the one before, with the walks that they flush behind it", () => {
    const walk = "flush_walk 0x200000 0x200000";
    expect(fold([{ fw: ["map", "0x1000", 4096, 2] }, { fw: ["map", "0x3000", 4096, 1] }])).toEqual([
      { fw: ["map", "0x1000", 4096, 3] },
    ]);
    expect(fold([["map", "0x1000", 4096, 2], ["map", "0x3000", 4096, 1], "gpu_flush_caches"])).toEqual([
      ["map", "0x1000", 4096, 3],
      "gpu_flush_caches",
    ]);
    expect(fold([["map", "0x200000", 2097152, 1], walk, ["map", "0x400000", 2097152, 1]])).toEqual([
      ["map", "0x200000", 2097152, 2],
      walk,
    ]);
  });

  it("stay apart where there is a hole, another size, or something between", () => {
    for (const events of [
      [
        ["map", "0x1000", 4096, 2],
        ["map", "0x4000", 4096, 1],
      ],
      [
        ["map", "0x1ff000", 4096, 1],
        ["map", "0x200000", 2097152, 1],
      ],
      [["map", "0x1000", 4096, 2], "gpu_flush_caches", ["map", "0x3000", 4096, 1]],
      [["map", "0x1000", 4096, 2], { fw: ["map", "0x3000", 4096, 1] }],
    ])
      expect(fold(events)).toEqual(events);
  });
});
