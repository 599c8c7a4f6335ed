import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FastLine } from "../src/fast-line.ts";

const fast = new FastLine();
const parse = (line: string): unknown => {
  const bytes = new TextEncoder().encode(`xx${line}\nyy`);
  return fast.parse(bytes, 2, bytes.length - 3);
};

const LINES = [
  '{"t":5,"op":"gem_new","bo":1,"size":4096,"flags":0}',
  '{"t":5,"op":"gem_close","bo":10}',
  '{"t":5,"op":"cpu_map","bo":1}',
  '{"t":5,"op":"get_iova","bo":1}',
  '{"t":5,"op":"set_iova","bo":1,"iova":4294967296}',
  '{"t":5,"op":"prime_export","bo":1}',
  '{"t":5,"op":"madvise","bo":1,"willneed":0}',
  '{"t":123456789012345,"op":"wait_fence","fence":1,"queue":2}',
  '{"t":5,"op":"submit","bos":[],"w":[],"queue":1,"fence":1,"flags":0,"cmds":1,"in":2,"out":1,"sync_ops":[["wait",1],["wait_reset",2],["signal",3,17]]}',
  '{"t":5,"op":"submit","f":3,"bos":[1,22,3],"w":[],"queue":1,"fence":1,"flags":2684354576,"cmds":1,"in":0,"out":0}',
];

describe.each(LINES)("%s", (line) => {
  test("is read as JSON.parse reads it", () => {
    expect(parse(line)).toEqual({ f: 0, ...(JSON.parse(line) as object) });
  });

  test("with any change it is either read alike, or left to JSON.parse", () => {
    const insert = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.constantFrom("0", "1", "-", ".", "e9", ",", "]", "}", '"', " ", "999999"),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.nat(line.length), fc.nat(3), insert, (at, remove, text) => {
        const changed = line.slice(0, at) + text + line.slice(at + remove);
        const value = parse(changed);
        if (value === undefined) return;
        read++;
        expect(value).toEqual({ f: 0, ...(JSON.parse(changed) as object) });
      }),
      { verbose: true, numRuns: 400 },
    );
    expect(read).toBeGreaterThan(0);
  });
});

test.each([
  ["a leading zero", '{"t":05,"op":"cpu_map","bo":1}'],
  ["more digits than are exact", '{"t":1234567890123456,"op":"cpu_map","bo":1}'],
  ["something after the end", '{"t":5,"op":"cpu_map","bo":1},'],
  ["another op of the same length", '{"t":5,"op":"cpu_mop","bo":1}'],
  ["a longer op", '{"t":5,"op":"cpu_maps","bo":1}'],
  [
    "an open list",
    '{"t":5,"op":"submit","bos":[1,2,"w":[],"queue":1,"fence":1,"flags":0,"cmds":1,"in":0,"out":0}',
  ],
  [
    "a comma at the end of a list",
    '{"t":5,"op":"submit","bos":[1,],"w":[],"queue":1,"fence":1,"flags":0,"cmds":1,"in":0,"out":0}',
  ],
])("%s is left to JSON.parse", (_name, line) => {
  expect(parse(line)).toBeUndefined();
});
