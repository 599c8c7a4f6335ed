import { gzipSync } from "node:zlib";
import type { Request } from "@gpuvm/drm-model";
import { describe, expect, test } from "vitest";
import { readTrace, readTraceSync, TraceError } from "../src/node/index.ts";
import { bytes, errorOf, HEADER, read } from "./lines.ts";

const NEW = '{"t":0,"op":"gem_new","bo":1,"size":4096}';
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("what files look like", () => {
  const plain = [HEADER, NEW, '{"t":1,"op":"gem_close","bo":1}', ""].join("\n");
  const good: [string, Uint8Array][] = [
    ["plain", utf8(plain)],
    ["gzip", gzipSync(plain)],
    ["CRLF", utf8(plain.replaceAll("\n", "\r\n"))],
    ["a byte order mark", utf8(`\ufeff${plain}`)],
    ["no newline at the end", utf8(plain.trimEnd())],
    ["empty lines", utf8(`\n${plain.replaceAll("\n", "\n\n")}`)],
    ["gzip of two members", Buffer.concat([gzipSync(plain.slice(0, 70)), gzipSync(plain.slice(70))])],
  ];
  test.each(good)("%s", async (_name, file) => {
    const trace = readTraceSync(file);
    expect(trace.requests.map((r) => r.op)).toEqual(["gem_new", "gem_close"]);
    // As a stream, and in the smallest pieces there are.
    const pieces = [...file].map((b) => Uint8Array.of(b));
    const streamed: Request[] = [];
    for await (const batch of await readTrace(pieces)) streamed.push(...batch);
    expect(streamed).toEqual(trace.requests);
  });

  test.each([
    ["an empty file", utf8(""), /^<input>:1: the file is empty/],
    ["only empty lines", utf8("\n \r\n"), /^<input>:1: the file is empty/],
    ["half a gzip file", gzipSync(plain).subarray(0, 40), /the gzip data ends early \(copy the file again/],
    ["only the magic of gzip", Uint8Array.of(0x1f, 0x8b), /the gzip data ends early/],
    ["gzip with a flipped byte", gzipSync(plain).fill(255, 12, 30), /the gzip data is damaged/],
    [
      "something else",
      utf8("ELF\x7f\x00"),
      /^<input>:1: the first line is not JSON, so this is not a gpu-bo-trace/,
    ],
    ["bytes that are no text", Uint8Array.of(0xff, 0xfe, 0x41, 10), /^<input>:1: the line is not UTF-8/],
  ])("%s is refused with a reason", async (_name, file, message) => {
    expect(errorOf(() => readTraceSync(file)).message).toMatch(message);
    await expect(readTrace([file])).rejects.toThrow(message);
  });

  test("a file that isn't there is refused with its name", async () => {
    await expect(readTrace("no/such.jsonl.gz")).rejects.toThrow(
      /^no\/such\.jsonl\.gz: can't be read: .* \(check the path\)$/,
    );
  });

  test("a line without an end is refused before it fills the memory", async () => {
    const piece = new Uint8Array(1024 * 1024).fill(32);
    function* endless(): Generator<Uint8Array> {
      yield utf8(`${HEADER}\n`);
      for (;;) yield piece;
    }
    const trace = await readTrace(endless());
    await expect(async () => {
      for await (const _ of trace);
    }).rejects.toThrow("<input>:2: the line is longer than 16777216 bytes");
  });
});

describe("the header", () => {
  const header = (change: object): string => JSON.stringify({ ...(JSON.parse(HEADER) as object), ...change });
  test.each([
    [{ format: "gpu-trace" }, `the header's format is not "gpu-bo-trace"`],
    [{ version: 2 }, "the header's version is not 1"],
    [{ driver: undefined }, "the header's driver"],
    [{ driver: "" }, "the header's driver is empty"],
    [{ gpu: 5 }, "the header's gpu is not a string"],
    [{ events: -1 }, "the header's events is negative"],
    [{ boCount: 1.5 }, "the header's boCount is not an integer"],
    [{ submits: "1" }, "the header's submits is not a number"],
    [{ durationMs: -1 }, "the header's durationMs is negative"],
  ])("%j is refused", (change, reason) => {
    const error = errorOf(() => readTraceSync(utf8(header(change))));
    expect(error.line).toBe(1);
    expect(error.reason).toContain(reason);
    expect(error.hint).not.toBe("");
  });

  test("an array is refused", () => {
    expect(errorOf(() => readTraceSync(utf8("[1]\n"))).reason).toContain("header");
  });

  test("counts that don't fit are warnings", () => {
    const text = `${header({ events: 2, boCount: 3, submits: 4 })}\n${NEW}\n`;
    expect(readTraceSync(utf8(text)).warnings.map((w) => w.message)).toEqual([
      "the header says events 2, the file has 1: it was cut or edited",
      "the header says boCount 3, the file has 1: it was cut or edited",
      "the header says submits 4, the file has 0: it was cut or edited",
    ]);
  });
});

describe("what lines say together", () => {
  test.each([
    [
      "a buffer that was never made",
      ['{"t":0,"op":"cpu_map","bo":1}'],
      2,
      "bo names buffer 1, which was not created before",
    ],
    ["a serial used twice", [NEW, NEW], 3, "bo 1 was created before"],
    [
      "a serial imported twice",
      [NEW, '{"t":0,"op":"prime_import","bo":1,"size":1,"new":1}'],
      3,
      "bo 1 was created before",
    ],
    [
      "a channel's buffer made twice",
      [NEW, '{"t":0,"op":"channel_new","channel":1,"notifier_bo":1}'],
      3,
      "notifier_bo 1 was created before",
    ],
    [
      "an old handle that never was",
      ['{"t":0,"op":"prime_import","bo":1,"size":1,"new":0}'],
      2,
      "bo names buffer 1, which was not created before",
    ],
    [
      "an old handle that was closed",
      [NEW, '{"t":0,"op":"gem_close","bo":1}', '{"t":0,"op":"prime_import","bo":1,"size":1,"new":0}'],
      4,
      "buffer 1 comes in again with new 0 after its handle was closed",
    ],
    [
      "two closes",
      [NEW, '{"t":0,"op":"gem_close","bo":1}', '{"t":0,"op":"gem_close","bo":1}'],
      4,
      "buffer 1 is closed a second time",
    ],
    [
      "a close of nothing",
      ['{"t":0,"op":"gem_close","bo":1}'],
      2,
      "bo names buffer 1, which was not created before",
    ],
    ["time that goes back", ['{"t":5,"op":"close"}', '{"t":4,"op":"close"}'], 3, "t goes back from 5 to 4"],
    [
      "an event after the end",
      ['{"t":5,"op":"end","why":"x"}', '{"t":6,"op":"close"}'],
      3,
      "an event after the end on line 2",
    ],
    ["half a line", [NEW, '{"t":1,"op":"gem_cl'], 3, "the line is not JSON"],
    ["a number", [NEW, "5"], 3, "the line is 5, not an object"],
    ["an array", ["[]"], 2, "the line is an array, not an object"],
  ])("%s", (_name, lines, line, reason) => {
    const error = errorOf(() => read(...lines));
    expect(error.message).toMatch(new RegExp(`^a\\.jsonl:${line}: `));
    expect(error.reason).toBe(reason);
    expect(error.hint).not.toBe("");
  });

  test("serials above the dense table are told apart as well", () => {
    const far = NEW.replace('"bo":1', '"bo":1099511627776');
    expect(read(far).requests).toHaveLength(1);
    expect(errorOf(() => read(far, far)).reason).toBe("bo 1099511627776 was created before");
    expect(errorOf(() => read(far, '{"t":0,"op":"cpu_map","bo":1099511627777}')).reason).toContain(
      "1099511627777",
    );
  });

  test("a closed buffer may still be named: the kernel answers that, not the reader", () => {
    expect(
      read(NEW, '{"t":1,"op":"gem_close","bo":1}', '{"t":2,"op":"cpu_map","bo":1}').requests,
    ).toHaveLength(3);
  });
});

describe("lines that are valid only when joined", () => {
  // Blocks are parsed as one array; these would pass if only the whole was looked at.
  test.each([
    ["two events on one line", ['{"t":0,"op":"close"},{"t":0,"op":"close"}']],
    ["one event on two lines", ['{"t":0', '"op":"close"}']],
    [
      "both, so that the count fits",
      ['{"t":0,"op":"close"},{"t":0,"op":"close"}', '{"t":0', '"op":"close"}'],
    ],
    ["a string over two lines", ['{"t":0,"op":"end","why":"}', '{","f":0}']],
    ["an event and a number", ['{"t":0,"op":"close"},5', '{"t":0,"op":"close"}']],
    ["an array over two lines", ['{"t":0,"op":"close","x":[{}', "{}]}"]],
  ])("%s", (_name, lines) => {
    expect(() => read(...lines)).toThrow(TraceError);
    expect(() => read(NEW, ...lines)).toThrow(TraceError);
  });

  test("a brace in a string is no reason to refuse a line", () => {
    expect(read(NEW, '{"t":0,"op":"set_name","bo":1,"name":"{{"}').requests).toHaveLength(2);
    expect(read(NEW, '{"t":0,"op":"close","x":{"y":[{}]}}').requests).toHaveLength(2);
  });
});

describe("integers above 2^53", () => {
  const exec = (addr: string): string => `{"t":0,"op":"exec","queue":1,"addr":${addr}}`;

  test("multiples of a page are exact", () => {
    const [e] = read(exec("18446744069414428672")).requests;
    expect(e?.op === "exec" && BigInt(e.addr ?? 0)).toBe(18446744069414428672n);
    expect(read(exec("9007199254740992000")).requests).toHaveLength(1);
  });

  test.each(["9007199254740993", "18446744069414428673", "18446744073709551615"])(
    "%s is refused",
    (literal) => {
      const error = errorOf(() => read(exec("4096"), exec(literal)));
      expect(error.line).toBe(3);
      expect(error.reason).toMatch(/can't be held exactly|not an integer from 0/);
    },
  );

  test("the column is that of the literal", () => {
    const line = exec("9007199254740993");
    expect(errorOf(() => read(line)).column).toBe(line.indexOf("9007") + 1);
  });

  test("digits in a string, or behind a point, are none of it", () => {
    const big = '"addr":18446744069414428672';
    expect(
      read(`{"t":0,"op":"exec",${big},"x":"9007199254740993\\"9007199254740993"}`).requests,
    ).toHaveLength(1);
    expect(read(`{"t":0,"op":"exec",${big},"x":0.90071992547409931}`).requests).toHaveLength(1);
  });
});

test("events before a damaged line are given before the error", async () => {
  const stream = await readTrace([bytes(NEW, '{"t":1,"op":"cpu_map","bo":1}', "damaged", NEW)], {
    file: "b.jsonl",
  });
  const seen: string[] = [];
  await expect(async () => {
    for await (const batch of stream) for (const r of batch) seen.push(r.op);
  }).rejects.toThrow("b.jsonl:4: the line is not JSON");
  expect(seen).toEqual(["gem_new", "cpu_map"]);
});

test("a header alone is a trace", async () => {
  const stream = await readTrace([bytes()]);
  let events = 0;
  for await (const batch of stream) events += batch.length;
  expect(events).toBe(0);
  expect(stream.header.driver).toBe("msm");
});

test("a reader that stops early closes the source", async () => {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      yield bytes(NEW);
      for (let t = 1; ; t++) yield utf8(`{"t":${t},"op":"cpu_map","bo":1}\n`);
    } finally {
      closed = true;
    }
  }
  for await (const _ of await readTrace(source())) break;
  expect(closed).toBe(true);
});
