import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { importFile, loadTrace, readTrace, readTraceSync, TraceError } from "../src/index.ts";
import { loadTrace as loadFile, shippedTraces } from "../src/node/index.ts";

const TEXT = `{"format":"gpu-bo-trace","version":1,"driver":"msm"}\n{"t":0,"op":"close"}\n{"t":1,"op":"close"}\n`;
const plain = new TextEncoder().encode(TEXT);
const zipped = new Uint8Array(gzipSync(plain));
const stream = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();

async function count(source: Parameters<typeof readTrace>[0]): Promise<number> {
  let events = 0;
  for await (const batch of await readTrace(source)) events += batch.length;
  return events;
}

/** What a browser does: no path, no zlib. */
describe("bytes alone", () => {
  it.each([
    ["a stream", () => stream(plain)],
    ["a stream of gzip", () => stream(zipped)],
    ["chunks of one byte", () => Array.from(plain, (byte) => Uint8Array.of(byte))],
    ["gzip in chunks of one byte", () => Array.from(zipped, (byte) => Uint8Array.of(byte))],
  ])("%s", async (_, source) => {
    expect(await count(source())).toBe(2);
    expect((await loadTrace(source())).requests).toHaveLength(2);
  });

  it("a recording comes out as it does from its file", async () => {
    const path = shippedTraces().find(({ name }) => name.includes("glmark2"))?.path ?? "";
    const bytes = new Uint8Array(await readFile(path));
    expect(await loadTrace(stream(bytes))).toEqual(await loadFile(path));
  });

  it("other formats are told by their first lines, compressed or not", async () => {
    const dump = new TextEncoder().encode("drm-driver:\txe\ndrm-client-id:\t7\ndrm-total-vram0:\t96 MiB\n");
    for (const bytes of [dump, new Uint8Array(gzipSync(dump))]) {
      expect((await importFile(stream(bytes))).format).toBe("fdinfo");
    }
  });

  it.each([
    ["half a gzip file", zipped.subarray(0, 40), /the gzip data ends early/],
    ["only the magic of gzip", zipped.subarray(0, 2), /the gzip data ends early/],
    ["gzip with flipped bytes", zipped.slice().fill(255, 12, 30), /the gzip data is damaged/],
    ["nothing", new Uint8Array(0), /<input>:1/],
  ])("%s is an error that says so", async (_, bytes, message) => {
    await expect(loadTrace(stream(bytes))).rejects.toThrow(TraceError);
    await expect(count(stream(bytes))).rejects.toThrow(message);
  });

  it("gzip data can't be read in one go", () => {
    expect(() => readTraceSync(zipped)).toThrow(/use loadTrace/);
  });

  it("what the source throws is said, not taken for damage", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield zipped.subarray(0, 30);
      throw new TypeError("the disk is gone");
    }
    await expect(count(broken())).rejects.toThrow(/can't be read: the disk is gone/);
  });

  it("a source that is left early is closed", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield plain;
        for (;;) yield new TextEncoder().encode('{"t":2,"op":"close"}\n');
      } finally {
        closed = true;
      }
    }
    for await (const _ of await readTrace(endless())) break;
    expect(closed).toBe(true);
  });
});
