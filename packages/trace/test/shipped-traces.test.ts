import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Request } from "@gpuvm/drm-model";
import { describe, expect, test } from "vitest";
import {
  encodeTrace,
  expectedAnswersPath,
  loadTrace,
  readTrace,
  shippedTraces,
  traceCounts,
} from "../src/node/index.ts";

/** From the facts measured on the recordings when they were made, by other code than ours. */
const FACTS: Record<
  string,
  { bos: number; submits: number; binds?: [ioctls: number, map: number, unmap: number, nulls: number] }
> = {
  "msm-gl-supertuxkart": { bos: 1862, submits: 5012 },
  "msm-gl-weston-multiclient": { bos: 90, submits: 1862 },
  "msm-setiova-vk-streaming": { bos: 2718, submits: 501 },
  "msm-vmbind-vk-sparse": { bos: 2560, submits: 567, binds: [5556, 5247, 2561, 1990] },
  "msm-vmbind-zink-supertuxkart": { bos: 387, submits: 4526, binds: [544, 401, 143, 0] },
  "nouveau-gl-neverball": { bos: 366, submits: 5944 },
  "nouveau-vmbind-zink-supertuxkart": { bos: 465, submits: 4861, binds: [4127, 2066, 2061, 0] },
  "panthor-gl-glmark2": { bos: 250, submits: 3315, binds: [500, 250, 250, 0] },
  "powervr-vk-streaming": { bos: 2745, submits: 4587, binds: [5490, 2745, 2745, 0] },
  "xe-gl-supertuxkart": { bos: 996, submits: 4869, binds: [1672, 1064, 608, 0] },
};

function binds(requests: readonly Request[]): [number, number, number, number] {
  const n: Record<string, number> = { map: 0, unmap: 0, map_null: 0 };
  let ioctls = 0;
  for (const r of requests) {
    if (r.op !== "vm_bind") continue;
    ioctls++;
    for (const o of r.ops) n[o.kind] = (n[o.kind] ?? 0) + 1;
  }
  return [ioctls, n["map"] ?? 0, n["unmap"] ?? 0, n["map_null"] ?? 0];
}

test("all ten are listed", () => {
  expect(
    shippedTraces()
      .map((s) => s.name)
      .sort(),
  ).toEqual(Object.keys(FACTS).sort());
});

describe.each(shippedTraces())("$name", ({ name, path, driver }) => {
  test("holds what was measured when it was recorded", async () => {
    const trace = await loadTrace(path);
    const facts = FACTS[name];
    expect(trace.warnings).toEqual([]);
    expect(trace.header.driver).toBe(driver);
    expect(traceCounts(trace.requests)).toEqual({
      events: trace.header.events,
      boCount: facts?.bos,
      submits: facts?.submits,
      durationMs: trace.header.durationMs,
    });
    expect(binds(trace.requests)).toEqual(facts?.binds ?? [0, 0, 0, 0]);
  });

  test("is written back byte for byte", async () => {
    const trace = await loadTrace(path);
    const text = gunzipSync(readFileSync(path));
    expect(Buffer.compare(text, encodeTrace(trace.header, trace.requests))).toBe(0);
  });

  test("reads the same as a stream", async () => {
    const trace = await loadTrace(path);
    const stream = await readTrace(path);
    const streamed: Request[] = [];
    for await (const batch of stream) {
      expect(batch.length).toBeLessThanOrEqual(4096);
      for (const r of batch) streamed.push(r);
    }
    expect(stream.header).toEqual(trace.header);
    expect(stream.warnings).toEqual([]);
    expect(streamed).toEqual(trace.requests);
  });
});

test("expected.json has an answer for each trace with binds", () => {
  const { traces } = JSON.parse(readFileSync(expectedAnswersPath(), "utf8")) as {
    traces: Record<string, unknown>;
  };
  const withBinds = Object.keys(FACTS).filter((name) => FACTS[name]?.binds !== undefined);
  expect(Object.keys(traces).sort()).toEqual(withBinds.map((name) => `${name}.jsonl.gz`).sort());
});

test("a fact of the xe trace: addresses above 2^53 are read and kept exactly", async () => {
  const xe = await loadTrace(shippedTraces().find((s) => s.driver === "xe")?.path ?? "");
  const addresses = xe.requests.flatMap((r) =>
    r.op === "exec" && r.addr !== undefined ? [BigInt(r.addr)] : [],
  );
  expect(addresses).toContain(18446744069414428672n);
});
