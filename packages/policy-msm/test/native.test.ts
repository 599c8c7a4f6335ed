import { readFile } from "node:fs/promises";
import { holderName } from "@gpuvm/core";
import { Replay } from "@gpuvm/drm-model";
import { expectedAnswersPath, loadTrace, shippedTraces, type Trace } from "@gpuvm/trace/node";
import { describe, expect, it } from "vitest";
import { msm } from "../src/package.ts";
import { NOTHING } from "./support/rig.ts";

const traces = new Map<string, Promise<Trace>>();
for (const { name, path, driver } of shippedTraces()) if (driver === "msm") traces.set(name, loadTrace(path));

interface Expected {
  steps: { map: number; unmap: number; remap: number };
  remapPieces: { prev: number; next: number };
  keep: number;
  peakMappings: number;
  finalMappings: number;
}
const expected = JSON.parse(await readFile(expectedAnswersPath(), "utf8")).traces as Record<
  string,
  Record<string, Expected> | undefined
>;

/** Kinds of holder that are not objects: references that end with the call that takes them. */
const TRANSIENT = new Set([
  "descriptor",
  "ioctl",
  "drm_exec",
  "creator",
  "walk of extobj list",
  "walk of evict list",
]);

function kindOf(name: string): string {
  if (name.startsWith("handle ")) return "handle";
  if (name.startsWith("file ")) return "file";
  if (name.startsWith("resv object")) return "r_obj";
  const kind = name.split("#")[0] as string;
  return { bo: "BO", vm: "VM", va: "VA", "dma-buf": "dma_buf" }[kind] ?? kind;
}

function replay(variantName: string, trace: Trace, checks: boolean) {
  const variant = msm.variants[variantName];
  if (variant === undefined) throw new Error(variantName);
  const run = new Replay(variant, { audit: checks, lockdep: checks });
  const edges = new Set<string>();
  const { ledger } = run.machine.dev;
  if (ledger !== null) {
    ledger.onGet = (what, by) => {
      const from = holderName(by);
      if (!TRANSIENT.has(from)) edges.add(`${kindOf(from)} -> ${kindOf(what.name)}`);
    };
  }
  for (const request of trace.requests) run.request(request);
  run.finish();
  return { run, edges };
}

const LEGACY = ["msm-gl-supertuxkart", "msm-gl-weston-multiclient", "msm-setiova-vk-streaming"];
const VM_BIND = ["msm-vmbind-vk-sparse", "msm-vmbind-zink-supertuxkart"];
const SMALL = ["msm-gl-weston-multiclient"];

/** What each version is asked as it was recorded. */
const NATIVE: Readonly<Record<string, readonly string[]>> = {
  soft: [...LEGACY, ...VM_BIND],
  mainline: LEGACY,
  "vm-bind": VM_BIND,
  // The race takes ten seconds with all checks on; it is audited on the two versions that the question is about.
  before: LEGACY.slice(1),
  "soft-pure": SMALL,
  "hard-unpin": SMALL,
};
const cases = Object.entries(NATIVE).flatMap(([variant, names]) => names.map((name) => ({ variant, name })));

/** References taken, by variant. */
const taken = new Map<string, Set<string>>();

describe("replays what was recorded", { timeout: 120_000 }, () => {
  it.each(cases)("$name on $variant", async ({ variant, name }) => {
    const trace = (await traces.get(name)) as Trace;
    expect(msm.variants[variant]?.userspace.speaks(trace.header, trace.requests)).toBe(true);
    const { run, edges } = replay(variant, trace, true);
    expect(run.machine.counts.errors).toBe(0);
    expect(run.machine.hazards).toEqual([]);
    expect(run.leftAtDeviceClose).toEqual(NOTHING);
    expect(run.machine.dev.ledger?.all()).toEqual([]);
    expect(run.machine.dev.refs).toBe(1);
    const all = taken.get(variant) ?? new Set();
    for (const edge of edges) all.add(edge);
    taken.set(variant, all);
    const want = expected[`${name}.jsonl.gz`]?.["f0/vmNone"];
    if (want === undefined) return;
    const record = run.machine.vms.find(({ key }) => key === "f0/vmNone");
    expect({
      steps: record?.steps,
      remapPieces: { prev: record?.prevPieces, next: record?.nextPieces },
      keep: record?.kept,
      peakMappings: record?.peakMappings,
      finalMappings: record?.finalMappings,
    }).toEqual({
      steps: want.steps,
      remapPieces: want.remapPieces,
      keep: want.keep,
      peakMappings: want.peakMappings,
      finalMappings: want.finalMappings,
    });
  });

  it("tables that unmaps of pages empty stay: the sparse trace makes 582, and a root for each VM", async () => {
    const trace = (await traces.get("msm-vmbind-vk-sparse")) as Trace;
    const { run } = replay("vm-bind", trace, false);
    const made = run.machine.vms.map(({ pt: { counts } }) => counts.tablesAllocated - 1);
    expect(made.reduce((sum, tables) => sum + tables, 0)).toBe(582);
  });

  // After the replays, of which it judges the audits.
  it.each(["mainline", "vm-bind", "before"])("%s takes the references that it declares", (variant) => {
    const seen = taken.get(variant) ?? new Set();
    const declared = new Set(
      msm.variants[variant]?.policy.edges
        .filter(({ kind }) => kind === "counted")
        .map(({ from, to }) => `${from} -> ${to}`),
    );
    expect([...seen].filter((edge) => !declared.has(edge))).toEqual([]);
    // Taken at the start, or on occasions that recordings do not have.
    const elsewhere = ["framebuffer -> BO", "device -> BO", "device -> VM"];
    if (variant === "mainline") elsewhere.push("BO -> r_obj", "bind_job -> BO", "bind_job -> queue");
    if (variant === "vm-bind") elsewhere.push("submit -> BO", "submit -> vm_bo");
    // Only the race exports.
    if (variant === "before") elsewhere.push("dma_buf -> BO", "BO -> dma_buf", "file -> dma_buf");
    expect([...declared].filter((edge) => !seen.has(edge)).sort()).toEqual(elsewhere.sort());
  });
});

it("leaks where nothing tears a mapping down", async () => {
  const weston = (await traces.get("msm-gl-weston-multiclient")) as Trace;
  const { run } = replay("hard-naive", weston, false);
  // Every buffer ever made but the two that never got an address, and both kernel objects.
  expect(run.leftAtDeviceClose).toMatchObject({ bos: 90, vas: 90, vms: 3 });
});
