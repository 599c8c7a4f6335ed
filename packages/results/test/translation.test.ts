import { subjects } from "@gpuvm/drivers";
import { NEUTRAL_DRIVER, type NeutralRequest, type Request } from "@gpuvm/drm-model";
import type { TraceSource } from "@gpuvm/workloads";
import { describe, expect, it } from "vitest";
import { translation } from "../src/translation.ts";

const at = { t: 0, f: 0 };
const bind = (vm: number, bo: number): NeutralRequest => ({
  ...at,
  op: "vm_bind",
  vm,
  async: false,
  ops: [{ kind: "map", bo, boOffset: 0, va: bo * 65536, length: 4096, flags: 0 }],
});

/** A program that keeps buffer 1 to itself, and exports buffer 2 when both are mapped. */
const PROGRAM: readonly NeutralRequest[] = [
  { ...at, op: "vm_create", vm: 1 },
  { ...at, op: "gem_new", bo: 1, size: 4096 },
  { ...at, op: "gem_new", bo: 2, size: 4096 },
  bind(1, 1),
  bind(1, 2),
  { ...at, op: "prime_export", bo: 2 },
];

function source(batches: readonly (readonly Request[])[]): TraceSource {
  return {
    name: "program",
    path: "",
    header: { format: "gpu-bo-trace", version: 1, driver: NEUTRAL_DRIVER },
    head: batches[0] ?? [],
    warnings: [],
    batches: async function* () {
      yield* batches;
    },
  };
}

async function asked(policy: string, from: TraceSource): Promise<Request[]> {
  const [subject] = subjects([policy], "native");
  if (subject === undefined) throw new RangeError(policy);
  const translate = await translation(from, subject.variant);
  const out: Request[] = [];
  for await (const batch of from.batches()) for (const request of batch) out.push(...translate(request));
  return out;
}

const isPrivate: Record<string, (request: Request & { readonly op: "gem_new" }) => boolean> = {
  xe: ({ vm }) => vm === 1,
  panthor: ({ vm }) => vm === 1,
  nouveau: ({ domain }) => ((domain ?? 0) & 32) !== 0,
  "msm:vm-bind": ({ flags }) => ((flags ?? 0) & 4) !== 0,
};

describe("a translated program", () => {
  for (const [policy, check] of Object.entries(isPrivate)) {
    it(`makes what it never exports private to its VM on ${policy}`, async () => {
      const news = (await asked(policy, source([PROGRAM]))).filter((request) => request.op === "gem_new");
      expect(news.map((request) => [request.bo, check(request)])).toEqual([
        [1, true],
        [2, false],
      ]);
    });
  }

  it("has nothing to make private on powervr, whose interface has no such buffers", async () => {
    const news = (await asked("powervr", source([PROGRAM]))).filter((request) => request.op === "gem_new");
    expect(news.map(({ vm }) => vm)).toEqual([undefined, undefined]);
  });

  it("asks the same when the trace is read in pieces", async () => {
    const pieces = source(PROGRAM.map((request) => [request]));
    expect(await asked("xe", pieces)).toEqual(await asked("xe", source([PROGRAM])));
  });
});
