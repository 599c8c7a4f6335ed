import { type NeutralRequest, Replay, type Request } from "@gpuvm/drm-model";
import { powervr } from "@gpuvm/policy-powervr";
import { Linter, loadTrace, shippedTraces } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { WORKLOADS } from "../src/catalogue.ts";
import { chosenWorkload, openWorkload } from "../src/open-workload.ts";
import { TraceStats } from "../src/trace-stats.ts";

async function requestsOf(spec: string, seed = 1): Promise<Request[]> {
  const out: Request[] = [];
  for await (const batch of openWorkload(spec, seed).batches()) out.push(...batch);
  return out;
}

async function figures(requests: Iterable<Request>): Promise<Map<string, readonly number[]>> {
  const stats = new TraceStats();
  for (const request of requests) stats.push(request);
  return new Map(stats.stats().map(({ key, values }) => [key, values]));
}

/** Small enough for a test. */
const SHORT: Readonly<Record<string, string>> = {
  game: "game:seconds=4,load=2",
  sparse: "sparse:seconds=1",
  compositor: "compositor:seconds=4,life=2",
  flips: "flips:seconds=3,resize=1",
  reimport: "reimport:seconds=1",
  ml: "ml:mib=64,steps=40",
  browser: "browser:seconds=2,reload=1",
  "bad-close": "bad-close:seconds=2",
  "bad-exit": "bad-exit:programs=4",
};

describe.each(WORKLOADS.map((w) => [w.name, w] as const))("workload %s", (name, workload) => {
  const spec = SHORT[name] as string;

  it("is the same for the same seed, in time's order, and another for another", async () => {
    const requests = await requestsOf(spec);
    expect(requests.length).toBeGreaterThan(100);
    expect(await requestsOf(spec)).toEqual(requests);
    const times = requests.map((r) => r.t);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const random = !["reimport", "ml"].includes(name);
    const other = await requestsOf(spec, 2);
    if (random) expect(other).not.toEqual(requests);
  });

  it("asks nothing that a linter would call an error, and misbehaves only if it says so", async () => {
    const codes = new Set<string>();
    const linter = new Linter(name, (f) => codes.add(f.severity === "error" ? `error ${f.code}` : f.code));
    for (const [i, request] of (await requestsOf(spec)).entries()) {
      linter.push({ kind: "request", line: i + 2, request });
    }
    linter.end();
    expect([...codes].filter((code) => code.startsWith("error"))).toEqual([]);
    if (name === "bad-close") expect(codes).toContain("closed-while-mapped");
    else if (name !== "bad-exit") expect(codes).not.toContain("closed-while-mapped");
    if (name === "bad-exit") expect(codes).toContain("mapped-at-close");
  });

  it("replays without a refusal", async () => {
    const { variants, defaultVariant } = powervr;
    const variant = variants[defaultVariant];
    if (variant === undefined) throw new Error("no default variant");
    const replay = new Replay(variant);
    const lower = variant.userspace.lower();
    replay.begin();
    for (const request of await requestsOf(spec)) {
      for (const own of lower(request as NeutralRequest)) replay.request(own);
    }
    replay.finish();
    const { counts, hazards } = replay.machine;
    expect({ errors: counts.errors, hazards }).toEqual({ errors: 0, hazards: [] });
    expect(counts.vasCreated).toBeGreaterThan(0);
    expect(workload.brief).not.toBe("");
  });
});

describe("likeness", () => {
  it.each([
    ["game", ["bos_peak", "bo_bytes_peak", "submits", "binds", "maps", "unmaps", "mappings_peak"]],
    [
      "sparse",
      ["bos_created", "submits", "binds", "maps", "null_maps", "maps_over", "maps_offset", "mappings_peak"],
    ],
    ["compositor", ["bos_imported", "bo_bytes_peak"]],
    ["flips", ["submits", "bos_peak", "bo_bytes_peak", "binds_per_second"]],
  ] as const)("%s has the figures of the trace it imitates, within a half", async (name, keys) => {
    const { workload } = chosenWorkload(name);
    const model = shippedTraces().find((trace) => trace.name === workload.imitates);
    const { requests } = await loadTrace(model?.path as string);
    const theirs = await figures(requests);
    const mine = await figures(await requestsOf(name));
    for (const key of keys) {
      const ratio = (mine.get(key)?.[0] ?? 0) / (theirs.get(key)?.[0] ?? 0);
      expect(ratio, `${key}: ${ratio}`).toBeGreaterThan(0.66);
      expect(ratio, `${key}: ${ratio}`).toBeLessThan(1.5);
    }
  });
});

describe("a choice that can't be", () => {
  it.each(["nosuch", "game:nosuch=1", "game:bos=many", "game:bos=-1"])("is refused: %s", (spec) => {
    expect(() => chosenWorkload(spec)).toThrow(/unknown workload|unknown parameter|no number/);
  });
});
