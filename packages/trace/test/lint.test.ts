import { describe, expect, test } from "vitest";
import {
  FINDINGS,
  type Finding,
  formatFinding,
  hasErrors,
  Linter,
  lintFile,
  shippedTraces,
} from "../src/node/index.ts";
import { bytes, HEADER } from "./lines.ts";

async function lint(input: Uint8Array): Promise<Finding[]> {
  const out: Finding[] = [];
  for await (const f of lintFile([input], { file: "a" })) out.push(f);
  return out;
}

const NEW = '{"t":0,"op":"gem_new","bo":1,"size":1048576}';
const bind = (...ops: unknown[]): string => JSON.stringify({ t: 1, op: "vm_bind", ops });
const codes = (findings: Finding[]): string[] => findings.map((f) => `${f.line} ${f.code}`);

describe("requests", () => {
  test.each([
    [
      "a well-behaved program",
      [
        NEW,
        bind(["map", 1, 0, 4096, 4096, 0]),
        bind(["unmap", 0, 0, 4096, 4096, 0]),
        '{"t":2,"op":"gem_close","bo":1}',
        '{"t":2,"op":"close"}',
      ],
      [],
    ],
    ["an odd address", [NEW, bind(["map", 1, 0, 4097, 4096, 0])], ["3 misaligned"]],
    ["an odd length", [NEW, bind(["map", 1, 0, 4096, 4095, 0])], ["3 misaligned"]],
    ["an odd offset", [NEW, bind(["map", 1, 1, 4096, 4096, 0])], ["3 misaligned"]],
    ["no length", [NEW, bind(["map", 1, 0, 4096, 0, 0])], ["3 misaligned"]],
    [
      "a map over another",
      [NEW, bind(["map", 1, 0, 4096, 8192, 0], ["map", 1, 0, 8192, 4096, 0])],
      ["3 map-over"],
    ],
    [
      "memory over a null map, and back",
      [
        NEW,
        bind(
          ["map_null", 0, 0, 4096, 8192, 0],
          ["map", 1, 0, 4096, 4096, 0],
          ["map_null", 0, 0, 4096, 8192, 0],
        ),
      ],
      [],
    ],
    ["an unbind of nothing", [NEW, bind(["unmap", 0, 0, 4096, 4096, 0])], ["3 unbind-nothing"]],
    [
      "a close while mapped",
      [NEW, bind(["map", 1, 0, 4096, 4096, 0]), '{"t":2,"op":"gem_close","bo":1}'],
      ["4 closed-while-mapped"],
    ],
    [
      "a close after unmap_all",
      [
        NEW,
        bind(["map", 1, 0, 4096, 4096, 0], ["unmap_all", 1, 0, 0, 0, 0]),
        '{"t":2,"op":"gem_close","bo":1}',
      ],
      [],
    ],
    [
      "a close while one piece is left",
      [
        NEW,
        bind(["map", 1, 0, 4096, 12288, 0], ["unmap", 0, 0, 8192, 4096, 0], ["unmap", 0, 0, 4096, 4096, 0]),
        '{"t":2,"op":"gem_close","bo":1}',
      ],
      ["4 closed-while-mapped"],
    ],
    [
      "a file closed with mappings",
      [NEW, bind(["map", 1, 0, 4096, 4096, 0]), '{"t":2,"op":"close"}'],
      ["4 mapped-at-close"],
    ],
    [
      "a VM destroyed with mappings",
      [
        NEW,
        '{"t":1,"op":"vm_bind","vm":3,"ops":[["map",1,0,4096,4096,0]]}',
        '{"t":2,"op":"vm_destroy","vm":3}',
      ],
      ["4 mapped-at-close"],
    ],
    ["a trace that only ends", [NEW, bind(["map", 1, 0, 4096, 4096, 0]), '{"t":2,"op":"end","why":"x"}'], []],
    [
      "work at an address that was unbound",
      [
        NEW,
        bind(["map", 1, 0, 4096, 4096, 0]),
        bind(["unmap", 0, 0, 4096, 4096, 0]),
        '{"t":2,"op":"exec","channel":1,"push":[[4100,8]]}',
      ],
      ["5 use-after-unbind"],
    ],
    [
      "the same without bytes",
      [
        NEW,
        bind(["map", 1, 0, 4096, 4096, 0]),
        bind(["unmap", 0, 0, 4096, 4096, 0]),
        '{"t":2,"op":"exec","channel":1,"push":[[4100,0]]}',
      ],
      [],
    ],
    [
      "the same after a new bind",
      [
        NEW,
        bind(["map", 1, 0, 4096, 4096, 0]),
        bind(["unmap", 0, 0, 4096, 4096, 0]),
        bind(["map", 1, 0, 4096, 4096, 0]),
        '{"t":2,"op":"submit","bos":[],"w":[],"ib":[[4100,8]]}',
      ],
      [],
    ],
    [
      "work in the VM of its queue, at a sign-extended address",
      [
        NEW,
        '{"t":1,"op":"queue_new","queue":2,"vm":3}',
        '{"t":1,"op":"vm_bind","vm":3,"ops":[["map",1,0,281470681743360,65536,0],["unmap",0,0,281470681743360,65536,0]]}',
        '{"t":2,"op":"exec","queue":2,"addr":18446744069414584320,"batches":1}',
        '{"t":2,"op":"exec","queue":2,"addr":18446744069414584320,"batches":0}',
      ],
      ["5 use-after-unbind"],
    ],
    [
      "many neighbours that could be one",
      [NEW, bind(...Array.from({ length: 20 }, (_, i) => ["map", 1, i * 4096, 4096 + i * 4096, 4096, 0]))],
      ["3 fragmentation"],
    ],
    [
      "neighbours of another offset",
      [NEW, bind(...Array.from({ length: 20 }, (_, i) => ["map", 1, 0, 4096 + i * 4096, 4096, 0]))],
      [],
    ],
  ])("%s", async (_name, lines, expected) => {
    expect(codes(await lint(bytes(...lines)))).toEqual(expected);
  });

  const loop = (count: number, body: (i: number) => string[]): Uint8Array =>
    bytes(...Array.from({ length: count }, (_, i) => body(i + 1)).flat());
  test("growth that never comes back", async () => {
    const leak = loop(400, (i) => [`{"t":${i},"op":"gem_new","bo":${i},"size":65536}`]);
    expect((await lint(leak)).map((f) => f.code)).toEqual(["growth"]);
    const steady = loop(400, (i) => [
      `{"t":${i},"op":"gem_new","bo":${i},"size":65536}`,
      ...(i > 20 ? [`{"t":${i},"op":"gem_close","bo":${i - 20}}`] : []),
    ]);
    expect(await lint(steady)).toEqual([]);
    const saw = loop(400, (i) => [
      `{"t":${i},"op":"gem_new","bo":${i},"size":65536}`,
      ...(i % 40 === 0
        ? Array.from({ length: 40 }, (_, k) => `{"t":${i},"op":"gem_close","bo":${i - k}}`)
        : []),
    ]);
    expect(await lint(saw)).toEqual([]);
  });

  test.each(shippedTraces())("nothing is wrong with $name", async ({ path }) => {
    const findings: Finding[] = [];
    for await (const f of lintFile(path)) findings.push(f);
    expect(findings.filter((f) => f.severity !== "note")).toEqual([]);
  });
});

describe("snapshots", () => {
  const rows = (...mappings: [va: bigint, length: bigint, object?: bigint, offset?: bigint][]): Finding[] => {
    const out: Finding[] = [];
    const linter = new Linter("a", (f) => out.push(f));
    const space = {
      type: "space",
      space: 1,
      name: "v",
      start: 0n,
      end: 0x100000n,
      reservedStart: 0x80000n,
      reservedEnd: 0x90000n,
    } as const;
    linter.push({ kind: "snapshot", line: 1, snapshot: space });
    mappings.forEach(([va, length, object = 1n, offset = 0n], i) => {
      linter.push({
        kind: "snapshot",
        line: i + 2,
        snapshot: { type: "mapping", space: 1, va, length, object, offset },
      });
    });
    linter.end();
    return out;
  };
  test.each([
    [
      "side by side",
      [
        [0x1000n, 0x1000n],
        [0x2000n, 0x1000n],
      ],
      [],
    ],
    [
      "overlapping",
      [
        [0x1000n, 0x2000n],
        [0x2000n, 0x1000n],
      ],
      ["3 overlap"],
    ],
    ["odd", [[0x1001n, 0x1000n]], ["2 misaligned"]],
    ["empty", [[0x1000n, 0n]], ["2 misaligned"]],
    ["beyond the end", [[0xff000n, 0x2000n]], ["2 outside-space"]],
    ["in the kernel's part", [[0x8f000n, 0x1000n]], ["2 outside-space"]],
    [
      "in pieces",
      Array.from({ length: 20 }, (_, i) => [BigInt(i) * 0x1000n, 0x1000n, 5n, BigInt(i) * 0x1000n]),
      ["21 fragmentation"],
    ],
    [
      "sparse pieces",
      Array.from({ length: 20 }, (_, i) => [BigInt(i) * 0x1000n, 0x1000n, 0n, BigInt(i) * 0x1000n]),
      [],
    ],
  ] as [string, [bigint, bigint, bigint?, bigint?][], string[]][])("%s", (_name, mappings, expected) => {
    expect(codes(rows(...mappings))).toEqual(expected);
  });

  test("memory of a client that only grows", async () => {
    const total = (i: number): string =>
      `pos:\t0\ndrm-driver:\txe\ndrm-client-id:\t7\ndrm-total-vram0:\t${i} MiB\n`;
    const text = Array.from({ length: 40 }, (_, i) => total(i + 1)).join("");
    expect((await lint(Buffer.from(text))).map((f) => f.message)).toEqual([
      expect.stringMatching(/^xe client 7 vram0 total grew from \d+ to \d+ bytes and never came back$/),
    ]);
  });
});

test("a finding reads FILE:LINE and says what to do; only errors fail a check", () => {
  const f = (severity: "error" | "warning"): Finding => ({
    code: "growth",
    severity,
    file: "a",
    line: 3,
    message: "m",
    hint: "h",
  });
  expect(formatFinding(f("warning"))).toBe("a:3: warning: m [growth] (h)");
  expect([hasErrors([f("warning")]), hasErrors([f("warning"), f("error")])]).toEqual([false, true]);
  expect(Object.values(FINDINGS).every(([severity, hint]) => severity.length > 0 && hint.length > 0)).toBe(
    true,
  );
  expect(HEADER).toContain("gpu-bo-trace");
});

describe("syncobjs", () => {
  const made = (syncobj: number, signaled = 0) => ({ op: "syncobj_create", syncobj, signaled });
  const exec = (...sync_ops: unknown[]) => ({ op: "exec", sync_ops: [sync_ops] });
  test.each<[string, readonly object[], readonly string[]]>([
    [
      "a chain of work, also on a timeline",
      [
        made(1),
        made(2),
        exec(["signal", 1], ["signal", 2, 5]),
        exec(["wait", 1], ["wait", 2, 4], ["signal", 1]),
        { op: "syncobj_wait", syncobjs: [1, 2], points: [0, 5], flags: 1 },
        { op: "syncobj_destroy", syncobj: 1 },
      ],
      [],
    ],
    ["a wait for what was never made", [exec(["wait", 3])], ["2 unknown-syncobj"]],
    [
      "a signal of what was never made, and again",
      [exec(["signal", 3]), exec(["wait", 3])],
      ["2 unknown-syncobj"],
    ],
    [
      "an end of what was never made",
      [
        { op: "syncobj_destroy", syncobj: 3 },
        { op: "syncobj_reset", syncobjs: [4] },
      ],
      ["2 unknown-syncobj", "3 unknown-syncobj"],
    ],
    ["the same number in another file", [made(1), { ...exec(["wait", 1]), f: 1 }], ["3 unknown-syncobj"]],
    ["a wait for an empty one", [made(1), exec(["wait", 1])], ["3 never-signalled"]],
    ["a wait for one that began signalled", [made(1, 1), exec(["wait", 1])], []],
    [
      "a wait for one that was emptied by the wait before",
      [made(1, 1), exec(["wait_reset", 1]), exec(["wait", 1])],
      ["4 never-signalled"],
    ],
    [
      "a wait for a point that is too late",
      [made(1), { op: "syncobj_signal", syncobjs: [1], points: [4] }, exec(["wait", 1, 5])],
      ["4 never-signalled"],
    ],
    [
      "a wait for what is submitted later",
      [made(1), { op: "syncobj_wait", syncobjs: [1], flags: 2 }, exec(["signal", 1])],
      [],
    ],
    [
      "a wait for what is never submitted",
      [made(1), { op: "syncobj_wait", syncobjs: [1], flags: 2 }, { op: "close" }],
      ["4 never-signalled"],
    ],
    [
      "one from elsewhere, or that went there",
      [
        { op: "syncobj_import", syncobj: 1 },
        exec(["wait", 1]),
        made(2),
        { op: "syncobj_export", syncobj: 2, fd: 1 },
        exec(["wait", 2]),
      ],
      [],
    ],
    [
      "a fence that is copied",
      [made(1), made(2), exec(["signal", 1]), { op: "syncobj_transfer", src: 1, dst: 2 }, exec(["wait", 2])],
      [],
    ],
    [
      "one call whose second job waits for the first",
      [
        made(1),
        {
          op: "exec",
          push: [
            [0, 0],
            [0, 0],
          ],
          sync_ops: [[["signal", 1]], [["wait", 1]]],
        },
      ],
      [],
    ],
  ])("%s", async (_name, events, found) => {
    const lines = events.map((event, i) => JSON.stringify({ t: i, ...event }));
    expect(codes(await lint(bytes(...lines)))).toEqual(found);
  });
});
