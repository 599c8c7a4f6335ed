import { EINVAL, ENOENT, ENOMEM, type Gpuva, gpuvmDump } from "@gpuvm/core";
import type { VmRecord } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { HEAP, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const VM: Line = { op: "vm_create", vm: 1 };
const gem = (bo: number, size: number): Line => ({ op: "gem_new", bo, size, flags: 0 });
/** Memory that the firmware alone may touch. */
const pm = (bo: number, size: number): Line => ({ op: "gem_new", bo, size, flags: 2 });

function record(script: Script): VmRecord {
  return script.replay.machine.vms.find(({ purpose }) => purpose === "program") as VmRecord;
}

function state(script: Script): string {
  const { vm, pt } = record(script);
  const vas = gpuvmDump(vm) as Gpuva[];
  const tree = vas.map((va) => `${vm.vas.addr(va)}+${vm.vas.range(va)}@${vm.vas.offset(va)}`);
  const runs = pt.ptes.runs().map((r) => `${r.start}-${r.end}:${r.bo?.name}@${r.offset}`);
  const refs = [...script.replay.machine.memory.objects].map((bo) => `${bo.name}x${bo.refs}`);
  return JSON.stringify({ tree, runs, refs, vmRefs: vm.refs, rows: vm.vas.live });
}

function end(script: Script): void {
  script.replay.finish();
  expect(script.replay.machine.hazards).toEqual([]);
  expect(script.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  expect(script.replay.machine.dev.ledger?.all()).toEqual([]);
}

describe("what the uAPI does not take", () => {
  it.each([
    ["an unknown buffer", map(9, HEAP, K4), -ENOENT],
    ["an unknown VM", map(1, HEAP, K4, 0, 9), -EINVAL],
    ["an address in no heap", map(1, 0x1000, K4), -EINVAL],
    ["a range that leaves its heap", map(1, HEAP + 128 * 2 ** 30 - K4, 2 * K4), -EINVAL],
    ["an address within a page", map(1, HEAP + 512, K4), -EINVAL],
    ["a length of part of a page", map(1, HEAP, 512), -EINVAL],
    ["no length", map(1, HEAP, 0), -EINVAL],
    ["more than the buffer", map(1, HEAP, 17 * K4), -EINVAL],
    ["a part behind the buffer", map(1, HEAP, K4, 16 * K4), -EINVAL],
    ["an unmap of nothing", unmap(HEAP, K4), -ENOENT],
    ["an unmap of a range that cannot be", unmap(0x123, 7), -ENOENT],
    ["an unknown buffer in no heap", map(9, 0x1000, K4), -EINVAL],
    ["a context without a VM", { op: "queue_new", queue: 5, vm: 9, class: 1 } as Line, -EINVAL],
    ["a context of no type", { op: "queue_new", queue: 5, vm: 1, class: 7 } as Line, -EINVAL],
    ["a job without a context", { op: "exec", jobs: [[2, 9, 0]] } as Line, -EINVAL],
    ["no job", { op: "exec", jobs: [] } as Line, -EINVAL],
    ["a buffer of part of a page", { op: "gem_new", bo: 5, size: K4 + 1 } as Line, -EINVAL],
    ["a buffer of no size", { op: "gem_new", bo: 5, size: 0 } as Line, -EINVAL],
    ["a flag that is none", { op: "gem_new", bo: 5, size: K4, flags: 8 } as Line, -EINVAL],
    ["a VM that is gone", { op: "vm_destroy", vm: 9 } as Line, -EINVAL],
    [
      "a free list without a buffer",
      { op: "free_list_create", va: HEAP, initPages: 64, maxPages: 64, growPages: 0 } as Line,
      -EINVAL,
    ],
  ])("%s", (_what, line, errno) => {
    const script = new Script();
    script.run(VM, gem(1, 16 * K4));
    const before = state(script);
    expect(script.run(line)).toEqual([errno]);
    expect(state(script)).toBe(before);
    end(script);
  });

  it("jobs of another type than the context's", () => {
    const script = new Script();
    script.run(VM, { op: "queue_new", queue: 5, vm: 1, class: 1 });
    expect(script.run({ op: "exec", jobs: [[3, 5, 0]] }, { op: "exec", jobs: [[2, 5, 0]] })).toEqual([
      -EINVAL,
      0,
    ]);
    end(script);
  });
});

describe("an unmap", () => {
  it("takes one mapping, exactly", () => {
    const script = new Script();
    script.run(VM, gem(1, 16 * K4), map(1, HEAP, 16 * K4));
    expect(script.run(unmap(HEAP, 8 * K4), unmap(HEAP, 32 * K4), unmap(HEAP, 16 * K4))).toEqual([
      -ENOENT,
      -ENOENT,
      0,
    ]);
    end(script);
  });

  it("took any range before", () => {
    const script = new Script("6.11", {});
    script.run(VM, gem(1, 16 * K4), map(1, HEAP, 8 * K4), map(1, HEAP + 8 * K4, 8 * K4));
    expect(script.run(unmap(HEAP, 16 * K4))).toEqual([0]);
    expect(record(script).mappings).toBe(0);
  });

  it("is flushed at once; a map waits for the next job", () => {
    const script = new Script();
    const { counts } = script.replay.machine;
    script.run(VM, gem(1, K4), { op: "queue_new", queue: 5, vm: 1, class: 1 });
    const before = counts.tlbInvalidations;
    script.run(map(1, HEAP, K4), map(1, HEAP + K4, K4));
    expect(counts.tlbInvalidations - before).toBe(0);
    script.run({ op: "exec", jobs: [[2, 5, 0]] }, { op: "exec", jobs: [[2, 5, 0]] });
    expect(counts.tlbInvalidations - before).toBe(1);
    script.run(unmap(HEAP, K4));
    expect(counts.tlbInvalidations - before).toBe(2);
    end(script);
  });

  it("under a running job is not prevented", () => {
    const script = new Script();
    script.run(VM, gem(1, K4), { op: "queue_new", queue: 5, vm: 1, class: 1 }, map(1, HEAP, K4));
    script.run({ op: "exec", jobs: [[2, 5, 0]] }, unmap(HEAP, K4), { op: "gem_close", bo: 1 });
    const { machine } = script.replay;
    expect(machine.now).toBe(0);
    expect([...machine.memory.objects].every(({ handles }) => handles === 0)).toBe(true);
    end(script);
  });
});

describe("a map over others", () => {
  const setup = [VM, gem(1, 16 * K4), gem(2, 4 * K4), map(1, HEAP, 16 * K4)];

  it("leaves pieces to the buffer that they lead to", () => {
    const script = new Script();
    script.run(...setup, map(2, HEAP + 4 * K4, 4 * K4));
    const { vm } = record(script);
    expect((gpuvmDump(vm) as Gpuva[]).map((va) => vm.vas.range(va) / K4)).toEqual([4, 4, 8]);
    expect(record(script).pt.ptes.at(HEAP + 8 * K4)?.offset).toBe(8 * K4);
    script.run(unmap(HEAP, 4 * K4), unmap(HEAP + 4 * K4, 4 * K4), unmap(HEAP + 8 * K4, 8 * K4));
    expect(record(script).mappings).toBe(0);
    end(script);
  });

  it("linked them to the new buffer, and kept the old one for ever (P5)", () => {
    const script = new Script("mainline", { audit: true }, ["P5"]);
    script.run(...setup, map(2, HEAP + 4 * K4, 4 * K4));
    script.run(unmap(HEAP, 4 * K4), unmap(HEAP + 4 * K4, 4 * K4), unmap(HEAP + 8 * K4, 8 * K4));
    script.run({ op: "gem_close", bo: 1 }, { op: "gem_close", bo: 2 });
    const [left] = [...script.replay.machine.memory.objects].filter(({ size }) => size === 16 * K4);
    expect(left?.refs).toBe(2);
    expect(script.hazards).toContain("kernel-warning");
  });

  it("answered that it was done when it was not (P7)", () => {
    const script = new Script("mainline", {}, ["P7"]);
    script.run(...setup);
    script.replay.machine.dev.failAlloc = (what) => what === "pvr_mmu_map";
    expect(script.run(map(2, HEAP + 4 * K4, 4 * K4))).toEqual([0]);
    expect(record(script).mappings).toBe(3);
    expect(record(script).pt.ptes.at(HEAP + 4 * K4)).toBe(null);
  });
});

describe("each failing allocation", () => {
  it.each<[string, Line[], Line]>([
    ["map", [VM, gem(1, 16 * K4)], map(1, HEAP, 16 * K4)],
    ["unmap", [VM, gem(1, 16 * K4), map(1, HEAP, 16 * K4)], unmap(HEAP, 16 * K4)],
    ["context", [VM], { op: "queue_new", queue: 5, vm: 1, class: 0 }],
    ["vm_create", [VM], { op: "vm_create", vm: 2 }],
    ["gem_new", [VM], gem(1, K4)],
    [
      "free list",
      [VM, pm(1, K4), map(1, HEAP, K4)],
      { op: "free_list_create", va: HEAP, initPages: 64, maxPages: 128, growPages: 64 },
    ],
    [
      "HWRT dataset",
      [
        VM,
        pm(1, K4),
        map(1, HEAP, K4),
        { op: "free_list_create", va: HEAP, initPages: 64, maxPages: 128, growPages: 64 },
      ],
      { op: "hwrt_create" },
    ],
    [
      "submit",
      [VM, { op: "queue_new", queue: 5, vm: 1, class: 1 }],
      {
        op: "exec",
        jobs: [
          [2, 5, 0],
          [2, 5, 0],
        ],
      },
    ],
  ])("in %s leaves everything as it was", (_what, setup, line) => {
    for (let nth = 0; nth < 140; nth++) {
      const script = new Script();
      script.run(...setup);
      const before = state(script);
      let left = nth;
      let hit = "";
      script.replay.machine.dev.failAlloc = (what) => {
        if (left-- !== 0) return false;
        hit = what;
        return true;
      };
      const [ret] = script.run(line);
      script.replay.machine.dev.failAlloc = null;
      if (hit === "") {
        expect([nth > 0, ret]).toEqual([true, 0]);
        end(script);
        return;
      }
      expect([hit, ret]).toEqual([hit, -ENOMEM]);
      expect([hit, state(script)]).toEqual([hit, before]);
      end(script);
    }
  });
});
