import { describe, expect, it } from "vitest";
import { BadLine, type DriverModel, replayFile } from "../src/node/index.ts";

/** A driver that counts: `count up` answers how often it was asked, with fields that nobody can know. */
const counting: DriverModel = {
  drivers: ["count"],
  leftOut: { "objects[].address": "addresses are the kernel's", temperature: "no thermometer" },
  begin() {
    let n = 0;
    return {
      answer([, what]) {
        if (what !== "up") throw new BadLine(`there is no request ${what}`);
        n++;
        return { ret: 0, n, objects: [{ id: n }] };
      },
      describe: () => [`counted to ${n}`],
    };
  },
};

function vectors(...lines: object[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

const line = (seq: string, i: number, n: number, more: object = {}) => ({
  seq,
  i,
  req: "count up",
  ret: 0,
  n,
  events: [],
  temperature: 30 + i,
  objects: [{ id: n, address: `0x${i}` }],
  ...more,
});

describe("answers of a driver's own code", () => {
  it("are compared but for the fields left out; each sequence begins anew", async () => {
    const file = vectors(line("a", 1, 1), line("a", 2, 2), line("b", 1, 1));
    expect(await replayFile(file, { drivers: [counting] })).toMatchObject({
      vectors: 3,
      failed: 0,
      skipped: 0,
    });
  });

  it("show request, both answers and the state before, where they differ", async () => {
    const file = vectors(line("a", 1, 1), line("a", 2, 3));
    const { failed, failures } = await replayFile(file, { drivers: [counting] });
    expect(failed).toBe(1);
    expect(failures).toEqual([
      {
        line: 2,
        request: { seq: "a", i: 2, req: "count up" },
        expected: { ret: 0, n: 3, objects: [{ id: 3 }] },
        actual: { ret: 0, n: 2, objects: [{ id: 2 }] },
        vmBefore: ["counted to 1"],
      },
    ]);
  });

  it("a member that only one side has is a difference, unless nothing is in it", async () => {
    const file = vectors(line("a", 1, 1, { freed: ["bo1"] }));
    expect((await replayFile(file, { drivers: [counting] })).failed).toBe(1);
  });

  it("of a driver that nobody answers for, or of a request unknown, are errors with their line", async () => {
    const other = vectors(line("a", 1, 1), { ...line("a", 2, 2), seq: "b", req: "other x" });
    await expect(replayFile(other, { drivers: [counting] })).rejects.toThrow(/2: .*"other".*there are count/);
    const unknown = vectors({ ...line("a", 1, 1), req: "count down" });
    await expect(replayFile(unknown, { drivers: [counting] })).rejects.toThrow(/1: there is no request down/);
  });
});
