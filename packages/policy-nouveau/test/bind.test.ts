import { EBUSY, EINVAL, ENOENT, ENOMEM, ENOSPC, ENOSYS, type Gpuva, gpuvmDump } from "@gpuvm/core";
import type { VmRecord } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { gem, INIT, type Line, map, Script, unmap } from "./script.ts";

const K4 = 4096;
const SPARSE = 256;

function record(script: Script): VmRecord {
  return script.replay.machine.vms[0] as VmRecord;
}

/** Mappings and entries, as text. */
function state(script: Script): string {
  const { vm, pt } = record(script);
  const vas = gpuvmDump(vm) as Gpuva[];
  const tree = vas.map((va) => `${vm.vas.addr(va)}+${vm.vas.range(va)}@${vm.vas.offset(va)}`);
  const runs = pt.ptes.runs().map((r) => `${r.start}-${r.end}:${r.bo?.name ?? "null"}@${r.offset}`);
  const refs = [...script.replay.machine.memory.objects].map((bo) => `${bo.name}x${bo.refs}`);
  return JSON.stringify({ tree, runs, refs, vmRefs: vm.refs });
}

function end(script: Script): void {
  script.replay.finish();
  expect(script.replay.machine.hazards).toEqual([]);
  expect(script.replay.leftAtDeviceClose).toEqual({ bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 });
  expect(script.replay.machine.dev.ledger?.all()).toEqual([]);
}

describe("which interface a file speaks", () => {
  it("VM_INIT comes first or never", () => {
    const script = new Script();
    expect(script.run(gem(1, K4), INIT, map(1, K4, K4))).toEqual([0, -ENOSYS, -ENOSYS]);
    end(script);
  });

  it("has one VM", () => {
    const script = new Script();
    expect(script.run(INIT, INIT)).toEqual([0, -EBUSY]);
    end(script);
  });

  it("a file with a VM has no buffer lists, and one without no EXEC", () => {
    const script = new Script();
    const submit: Line = { op: "submit", channel: 1, bos: [], writes: [], cmds: 1 };
    const exec: Line = { op: "exec", channel: 1, push: [[K4, 64]] };
    expect(script.run(INIT, { op: "channel_new", channel: 1 }, submit, exec)).toEqual([0, 0, -ENOSYS, 0]);
    expect(script.run({ ...exec, f: 1 }, { op: "exec", channel: 9, push: [] })).toEqual([-ENOSYS, -ENOENT]);
    end(script);
  });
});

describe("what VM_BIND takes", () => {
  it.each([
    ["an unknown buffer", map(9, K4, K4), -ENOENT],
    ["an offset within a page", map(1, K4, K4, 512), -EINVAL],
    ["an address within a page", map(1, 512, K4), -EINVAL],
    ["a length of part of a page", map(1, K4, 512), -EINVAL],
    ["no length", map(1, K4, 0), -EINVAL],
    ["more than the buffer", map(1, K4, 32 * K4), -EINVAL],
    ["a part behind the buffer", map(1, K4, K4, 16 * K4), -EINVAL],
    ["the kernel's part", map(1, 2 ** 39, K4), -EINVAL],
    ["what 47 bits do not reach", map(1, 2 ** 47, K4), -EINVAL],
    ["a buffer in neither VRAM nor GART", map(2, K4, K4), -EINVAL],
    ["a region that is none", unmap(K4, K4, SPARSE), -ENOENT],
  ])("not %s", (_what, line, errno) => {
    const script = new Script();
    script.run(INIT, gem(1, 16 * K4), gem(2, K4, 1));
    const before = state(script);
    expect(script.run(line)).toEqual([errno]);
    expect(state(script)).toBe(before);
    end(script);
  });
});

describe("a bind that fails has changed nothing", () => {
  const setup: Line[] = [
    INIT,
    gem(1, 16 * K4),
    gem(2, 16 * K4),
    {
      op: "vm_bind",
      async: false,
      ops: [{ kind: "map", bo: 0, boOffset: 0, va: 2 ** 30, length: 16 * K4, flags: SPARSE }],
    },
    map(1, 16 * K4, 16 * K4),
    map(1, 2 ** 30, 8 * K4),
  ];
  const bad: Line = {
    op: "vm_bind",
    async: false,
    ops: [
      // Cuts one mapping into two, takes a region's contents away, and the region, makes another.
      { kind: "map", bo: 2, boOffset: 0, va: 20 * K4, length: 4 * K4, flags: 0 },
      { kind: "map", bo: 2, boOffset: 0, va: 18 * K4, length: 4 * K4, flags: 0 },
      { kind: "unmap", bo: 0, boOffset: 0, va: 2 ** 30, length: 16 * K4, flags: SPARSE },
      { kind: "map", bo: 0, boOffset: 0, va: 2 ** 31, length: 16 * K4, flags: SPARSE },
      { kind: "unmap", bo: 0, boOffset: 0, va: 2 ** 32, length: 16 * K4, flags: SPARSE },
    ],
  };

  it("its last operation fails", () => {
    const script = new Script();
    script.run(...setup);
    const before = state(script);
    expect(script.run(bad)).toEqual([-ENOENT]);
    expect(state(script)).toBe(before);
    // The region is not on its way out any more (N9).
    expect(script.run(map(2, 2 ** 30 + 8 * K4, K4))).toEqual([0]);
    end(script);
  });

  it("any allocation fails", () => {
    const good = { ...bad, ops: bad.op === "vm_bind" ? bad.ops.slice(0, 4) : [] } as Line;
    let failed = 0;
    for (let nth = 0; ; nth++) {
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
      const [ret] = script.run(good);
      script.replay.machine.dev.failAlloc = null;
      if (hit === "") {
        expect(ret).toBe(0);
        end(script);
        break;
      }
      failed++;
      expect([hit, ret]).toEqual([hit, -ENOMEM]);
      expect([hit, state(script)]).toEqual([hit, before]);
      end(script);
    }
    expect(failed).toBeGreaterThan(10);
  });
});

describe("sparse regions", () => {
  const region: Line = {
    op: "vm_bind",
    async: false,
    ops: [{ kind: "map", bo: 0, boOffset: 0, va: 0x10000, length: 16 * K4, flags: SPARSE }],
  };

  it("a map lies in one or in none", () => {
    const script = new Script();
    const answers = script.run(
      INIT,
      gem(1, 64 * K4),
      region,
      region,
      map(1, 0x10000 - K4, 2 * K4),
      map(1, 0x10000, 16 * K4),
    );
    expect(answers).toEqual([0, 0, 0, -ENOSPC, -ENOSPC, 0]);
    end(script);
  });

  it("is made only where nothing is", () => {
    const script = new Script();
    expect(script.run(INIT, gem(1, K4), map(1, 0x10000, K4), region)).toEqual([0, 0, 0, -ENOSPC]);
    end(script);
  });

  it("the pieces of a mapping in it read as zero when they are unmapped (N2)", () => {
    for (const defects of [[], ["N2"]]) {
      const script = new Script("vm-bind", {}, { defects: new Set(defects) });
      script.run(INIT, gem(1, 16 * K4), gem(2, K4), region, map(1, 0x10000, 16 * K4));
      script.run(map(2, 0x10000 + 8 * K4, K4), unmap(0x10000, 8 * K4));
      const at = record(script).pt.ptes.at(0x10000);
      expect(at === null).toBe(defects.length > 0);
      if (at !== null) expect(at.bo).toBe(null);
    }
  });

  it("that a failed call was to take away stays, and can be used (N9)", () => {
    const failing: Line = {
      op: "vm_bind",
      async: false,
      ops: [0x10000, 0x90000].map((va) => ({
        kind: "unmap" as const,
        bo: 0,
        boOffset: 0,
        va,
        length: 16 * K4,
        flags: SPARSE,
      })),
    };
    for (const defects of [[], ["N9"]]) {
      const script = new Script("vm-bind", {}, { defects: new Set(defects) });
      expect(script.run(INIT, gem(1, K4), region, failing)).toEqual([0, 0, 0, -ENOENT]);
      if (defects.length === 0) expect(script.run(map(1, 0x10000, K4))).toEqual([0]);
      else expect(() => script.run(map(1, 0x10000, K4))).toThrow("DEADLOCK");
    }
  });

  it("a map waits for a region on its way out", () => {
    const script = new Script();
    const gone: Line = {
      op: "vm_bind",
      async: true,
      in: 1,
      ops: [{ kind: "unmap", bo: 0, boOffset: 0, va: 0x10000, length: 16 * K4, flags: SPARSE }],
    };
    script.run(INIT, gem(1, 16 * K4), { op: "channel_new", channel: 1 }, region);
    script.run({ op: "exec", channel: 1, push: [[K4, 64]] }, gone);
    const { machine } = script.replay;
    expect(machine.now).toBe(0);
    expect(script.run(map(1, 0x10000, K4))).toEqual([0]);
    expect(machine.now).toBe(10_000_000);
    end(script);
  });
});

describe("remaps", () => {
  it("clear the hole and nothing else (N1)", () => {
    for (const defects of [[], ["N1"]]) {
      const script = new Script("vm-bind", {}, { defects: new Set(defects) });
      script.run(INIT, gem(1, 16 * K4), gem(2, 16 * K4), gem(3, K4));
      script.run(map(1, 0x100000, 16 * K4), map(2, 0x110000, 16 * K4), map(3, 0x10f000, K4));
      const { pt } = record(script);
      expect(pt.ptes.at(0x10e000)?.bo?.size).toBe(16 * K4);
      expect(pt.ptes.at(0x10f000)?.bo?.size).toBe(K4);
      expect(pt.ptes.at(0x110000) === null).toBe(defects.length > 0);
    }
  });

  it("keep counts of page tables for each page once", () => {
    const script = new Script();
    script.run(INIT, gem(1, 16 * K4), gem(2, 16 * K4), map(1, 0x100000, 16 * K4), map(2, 0x104000, 2 * K4));
    script.run(map(2, 0x100000, 16 * K4), unmap(0x100000, 16 * K4));
    end(script);
  });

  it("count page tables for each page size apart", () => {
    const script = new Script();
    const big = 2 ** 21;
    script.run(INIT, gem(1, 2 * big, 2), gem(2, 2 * big, 4), map(1, big, 2 * big));
    expect(record(script).pt.ptes.at(big)?.pageSize).toBe(big);
    script.run(map(2, big, big), unmap(big, 2 * big));
    expect(record(script).pt.entries).toBe(0);
    end(script);
  });
});

describe("who holds an object", () => {
  it("stays mapped when its handle closes, and goes with the unmap", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4), map(1, 0x10000, K4), { op: "gem_close", bo: 1 });
    const { objects } = script.replay.machine.memory;
    expect(objects.size).toBe(1);
    script.run(unmap(0x10000, K4));
    expect(objects.size).toBe(0);
    end(script);
  });

  it("the VA's own reference covers the time between the call and the job", () => {
    const script = new Script();
    script.run(INIT, gem(1, K4), map(1, 0x10000, K4), { op: "channel_new", channel: 1 });
    script.run({ op: "exec", channel: 1, push: [[K4, 64]] }, { op: "gem_close", bo: 1 });
    script.run({
      op: "vm_bind",
      async: true,
      in: 1,
      ops: [{ kind: "unmap", bo: 0, boOffset: 0, va: 0x10000, length: K4, flags: 0 }],
    });
    const { machine } = script.replay;
    const bo = [...machine.memory.objects].find(({ handles, pins }) => handles === 0 && pins === 0);
    expect(bo?.gpuva.length).toBe(0);
    expect(bo?.refs).toBe(1);
    expect(bo?.ptes).toBe(1);
    end(script);
  });

  it("with soft ownership, too", () => {
    const script = new Script("vm-bind", { audit: true }, { boOwnership: "soft" });
    script.run(INIT, gem(1, K4), map(1, 0x10000, K4), { op: "gem_close", bo: 1 }, unmap(0x10000, K4));
    end(script);
  });
});
