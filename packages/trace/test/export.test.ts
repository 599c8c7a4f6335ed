import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Request } from "@gpuvm/drm-model";
import { beforeAll, describe, expect, test } from "vitest";
import {
  benchstat,
  ChromeJsonEncoder,
  csv,
  csvRow,
  loadTrace,
  markdown,
  PerfettoEncoder,
  RequestTimeline,
  shippedTraces,
  type TimelineEvent,
} from "../src/node/index.ts";

function timeline(requests: readonly Request[]): TimelineEvent[] {
  const out: TimelineEvent[] = [];
  const t = new RequestTimeline((e) => out.push(e));
  for (const r of requests) t.push(r);
  t.end();
  return out;
}

let sparse: TimelineEvent[] = [];
beforeAll(async () => {
  const shipped = shippedTraces().find((s) => s.name === "msm-vmbind-vk-sparse");
  sparse = timeline((await loadTrace(shipped?.path ?? "")).requests);
});

describe("the timeline of a trace", () => {
  test("every mapping that begins ends once, and the counters come back to nothing", () => {
    const running = new Set<string>();
    let most = 0;
    for (const e of sparse) {
      if (e.type === "begin") {
        expect(running.has(`${e.track}/${e.id}`)).toBe(false);
        running.add(`${e.track}/${e.id}`);
      } else if (e.type === "end") expect(running.delete(`${e.track}/${e.id}`)).toBe(true);
      most = Math.max(most, running.size);
    }
    expect(running.size).toBe(0);
    // The kernel's own code counts 2015 after each request; within one, a piece may end before the next begins.
    expect(most).toBeGreaterThanOrEqual(2000);
    expect(most).toBeLessThanOrEqual(2016);
    const last = (track: string): number | undefined =>
      sparse.findLast((e) => e.type === "counter" && e.track === track && "value" in e)?.type === "counter"
        ? (sparse.findLast((e) => e.type === "counter" && e.track === track) as { value: number }).value
        : undefined;
    expect([last("mappings"), last("mapped bytes"), last("open buffers"), last("open buffer bytes")]).toEqual(
      [0, 0, 0, 0],
    );
  });

  test("each arrow has one beginning and, if work follows, one end", () => {
    const open = new Set<number>();
    for (const e of sparse) {
      if (e.type !== "instant") continue;
      for (const id of e.flowsOut ?? []) open.add(id);
      for (const id of e.flowsIn ?? []) expect(open.delete(id)).toBe(true);
    }
    expect(open.size).toBeLessThanOrEqual(16);
  });
});

const few: TimelineEvent[] = [
  {
    type: "begin",
    t: 1500,
    track: "vm",
    id: 1,
    name: "a",
    args: { va: 0xffffffff00000000n, length: 4096, ok: true },
  },
  { type: "begin", t: 2000, track: "vm", id: 2, name: "b", args: { x: 2 ** 60 } },
  { type: "end", t: 3000, track: "vm", id: 1 },
  { type: "end", t: 4000, track: "vm", id: 2 },
  { type: "instant", t: 4000, track: "binds", name: "bind", flowsOut: [7] },
  { type: "instant", t: 5000, track: "queue", name: "exec", flowsIn: [7] },
  { type: "counter", t: 5000, track: "bytes", value: 1.5 },
];

describe("Chrome JSON", () => {
  function encode(events: TimelineEvent[]): Record<string, unknown>[] {
    const json = new ChromeJsonEncoder();
    return JSON.parse(json.begin() + events.map((e) => json.event(e)).join("") + json.end()) as Record<
      string,
      unknown
    >[];
  }

  test("lifetimes are async, addresses strings, times microseconds, arrows joined by id", () => {
    const out = encode(few);
    expect(
      out
        .filter((e) => e["ph"] !== "M")
        .map((e) => e["ph"])
        .join(""),
    ).toBe("bbeeXsXfC");
    expect(out.find((e) => e["name"] === "a")).toMatchObject({
      ts: 1.5,
      args: { va: "0xffffffff00000000", length: 4096, ok: true },
    });
    expect(out.find((e) => e["name"] === "b")).toMatchObject({ args: { x: "1152921504606847000" } });
    expect(out.filter((e) => e["ph"] === "s" || e["ph"] === "f").map((e) => e["id"])).toEqual([7, 7]);
    expect(out.filter((e) => e["ph"] === "M").map((e) => (e["args"] as { name: string }).name)).toEqual([
      "vm",
      "binds",
      "queue",
      "bytes",
    ]);
  });

  test("an empty timeline and a real one are valid JSON", () => {
    expect(encode([])).toEqual([]);
    const events = encode(sparse);
    expect(events.filter((e) => e["ph"] === "b")).toHaveLength(events.filter((e) => e["ph"] === "e").length);
  });
});

/** Fields of a message, by number, as the wire has them. */
function fields(bytes: Uint8Array): Map<number, (Uint8Array | string | number | bigint)[]> {
  const r = new BinaryReader(bytes);
  const out = new Map<number, (Uint8Array | string | number | bigint)[]>();
  while (r.pos < r.len) {
    const [no, type] = r.tag();
    const value =
      type === WireType.LengthDelimited
        ? r.bytes()
        : type === WireType.Bit64
          ? BigInt(r.fixed64())
          : BigInt(r.uint64());
    const values = out.get(no);
    if (values === undefined) out.set(no, [value]);
    else values.push(value);
  }
  return out;
}

describe("Perfetto", () => {
  function packets(events: TimelineEvent[]): Map<number, (Uint8Array | string | number | bigint)[]>[] {
    const encoder = new PerfettoEncoder();
    const bytes = Buffer.concat(events.map((e) => encoder.event(e)));
    return (fields(bytes).get(1) ?? []).map((p) => fields(p as Uint8Array));
  }
  const inner = (p: Map<number, unknown[]>, no: number): Map<number, unknown[]> | undefined => {
    const value = p.get(no)?.[0];
    return value === undefined ? undefined : fields(value as Uint8Array);
  };
  const text = (v: unknown): string => Buffer.from(v as Uint8Array).toString();

  test("slices that overlap lie in lanes of their own, which are used again", () => {
    const events = packets([...few, { type: "begin", t: 6000, track: "vm", id: 3, name: "c" }]).flatMap(
      (p) => inner(p, 11) ?? [],
    );
    const types = events.map((e) => Number(e.get(9)?.[0]));
    expect(types).toEqual([1, 1, 2, 2, 3, 3, 4, 1]);
    const uuids = events.map((e) => e.get(11)?.[0]);
    expect(uuids[0]).not.toBe(uuids[1]);
    expect([uuids[2], uuids[3]]).toEqual([uuids[0], uuids[1]]);
    expect([uuids[0], uuids[1]]).toContain(uuids[7]);
  });

  test("addresses are integers, flows are fixed64, counters doubles", () => {
    const events = packets(few).flatMap((p) => inner(p, 11) ?? []);
    const va = fields(events[0]?.get(4)?.[0] as Uint8Array);
    expect([text(va.get(10)?.[0]), va.get(7)?.[0]]).toEqual(["va", 0xffffffff00000000n]);
    expect([events[4]?.get(47), events[5]?.get(48)]).toEqual([[7n], [7n]]);
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, events[6]?.get(44)?.[0] as bigint);
    expect(view.getFloat64(0)).toBe(1.5);
  });

  test("each track is described before it is used, lanes under their track, counters as such", () => {
    const described = new Set<unknown>([0n]);
    for (const p of packets(sparse)) {
      expect(p.get(10)).toEqual([1n]);
      const d = inner(p, 60);
      if (d !== undefined) {
        expect(described.has(d.get(5)?.[0] ?? 0n)).toBe(true);
        described.add(d.get(1)?.[0]);
        if (text(d.get(2)?.[0]).includes("bytes")) expect(d.has(8)).toBe(true);
      } else expect(described.has(inner(p, 11)?.get(11)?.[0])).toBe(true);
    }
    expect(described.size).toBeGreaterThan(2000);
  });

  test("an end without a beginning writes no slice", () => {
    expect(packets([{ type: "end", t: 0, track: "vm", id: 9 }]).filter((p) => p.has(11))).toEqual([]);
  });
});

describe("tables", () => {
  const table = {
    columns: ["name", "n"],
    rows: [
      ["a,b", 1],
      ['say "hi"\nthere | \\', 20n],
      [null, 3],
    ] as const,
  };
  test("CSV quotes what it must", () => {
    expect(csv(table)).toBe('name,n\n"a,b",1\n"say ""hi""\nthere | \\",20\n,3\n');
  });
  test("CSV runs nothing in a spreadsheet", () => {
    const cells = ["=1+1", "+1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\uff1d1", "a=1"];
    expect(csvRow(cells)).toBe("'=1+1,'+1,'-cmd|' /C calc'!A0,'@SUM(A1),'\t=1,'\uff1d1,a=1\n");
    expect(csvRow([-1, -2n, "-1.5", "-", "", null])).toBe("-1,-2,-1.5,-,,\n");
  });
  test("neither CSV nor Markdown acts on a terminal, nor begins HTML", () => {
    const name = "\u001b[2J\u009b31m\u007f\u202e\u2028\r<img src=x>";
    for (const text of [csvRow([name]), markdown({ columns: [name], rows: [[name]] })])
      expect(text).not.toMatch(/(?!\n)\p{Cc}|[\p{Bidi_Control}\p{Zl}]/u);
    expect(markdown({ columns: [name], rows: [] })).not.toContain("<");
    expect(csvRow([name])).toBe("\\u001b[2J\\u009b31m\\u007f\\u202e\\u2028\\u000d<img src=x>\n");
  });
  test("Markdown keeps its rows and aligns numbers", () => {
    expect(markdown(table)).toBe(
      '| name | n |\n| --- | ---: |\n| a,b | 1 |\n| say "hi" there \\| \\\\ | 20 |\n|  | 3 |\n',
    );
  });
});

test("benchstat: names, keys and units in the form that Go's tool reads", () => {
  const results = [
    {
      name: "replay all",
      keys: { policy: "xe", workload: "a/b c" },
      iterations: 10,
      values: { "ns/op": 12.5, "locks/op": 3 },
    },
  ];
  expect(benchstat({ node: "v24\nx" }, results)).toBe(
    "node: v24 x\nBenchmarkReplay_all/policy=xe/workload=a_b_c 10 12.5 ns/op 3 locks/op\n",
  );
});
