import { describe, expect, it } from "vitest";
import {
  DrmDevice,
  type DrmGpuvm,
  type Gpuva,
  gpuvaAlloc,
  gpuvaRemap,
  gpuvmForEachVa,
  Ledger,
  type OpMap,
  OpRemap,
} from "../src/index.ts";
import { insert, newVm } from "./support/driver.ts";

type Piece = readonly [addr: number, range: number] | null;

function piece(of: Piece): OpMap | null {
  return of === null ? null : { addr: of[0], range: of[1], offset: of[0], obj: null, exact: null };
}

/** Remaps a VA by an operation that was made by hand. */
function remap(vm: DrmGpuvm, va: Gpuva, prev: Piece, next: Piece): void {
  const op = new OpRemap();
  op.unmap.va = va;
  op.prev = piece(prev);
  op.next = piece(next);
  gpuvaRemap(vm, prev === null ? 0 : gpuvaAlloc(vm), next === null ? 0 : gpuvaAlloc(vm), op);
}

function ranges(vm: DrmGpuvm): [number, number][] {
  const out: [number, number][] = [];
  gpuvmForEachVa(vm, (va) => {
    out.push([vm.vas.addr(va), vm.vas.range(va)]);
  });
  return out;
}

const BEFORE = [0, 50] as const;
const OLD = [100, 100] as const;
const BEHIND = [300, 10] as const;

describe.each([
  ["plain", () => new DrmDevice()],
  ["with a ledger", () => new DrmDevice({ ledger: new Ledger() })],
])("a remap, %s", (_, device) => {
  it.each<[string, Piece, Piece, readonly Piece[]]>([
    ["both pieces", [100, 20], [150, 50], [BEFORE, [100, 20], [150, 50], BEHIND]],
    ["the first piece", [100, 99], null, [BEFORE, [100, 99], BEHIND]],
    ["the last piece", null, [101, 99], [BEFORE, [101, 99], BEHIND]],
    ["no piece", null, null, [BEFORE, BEHIND]],
    ["all of it", [100, 100], null, [BEFORE, OLD, BEHIND]],
    ["a first piece that begins later", [120, 20], [150, 50], [BEFORE, [120, 20], [150, 50], BEHIND]],
    ["a first piece that begins before", [60, 50], null, [BEFORE, [60, 50], BEHIND]],
    ["a first piece that ends behind", [100, 150], null, [BEFORE, [100, 150], BEHIND]],
    ["a first piece that overlaps another", [40, 20], [150, 50], [BEFORE, [150, 50], BEHIND]],
    ["a last piece that overlaps the first", [100, 60], [150, 50], [BEFORE, [100, 60], BEHIND]],
    ["a first piece outside of the VM", [2 ** 40, 10], null, [BEFORE, BEHIND]],
  ])("leaves %s", (_what, prev, next, left) => {
    const vm = newVm({}, device());
    insert(vm, ...BEFORE);
    const va = insert(vm, ...OLD);
    insert(vm, ...BEHIND);
    remap(vm, va, prev, next);
    expect(ranges(vm)).toEqual(left);
    expect([vm.refs, vm.vas.inserted(va), vm.index.check()]).toEqual([1 + left.length, false, []]);
  });

  it("takes the kernel's node not away", () => {
    const vm = newVm({ reserveOffset: 0, reserveRange: 100 }, device());
    remap(vm, vm.kernelNode, [0, 50], null);
    expect([ranges(vm), vm.dev.warnings]).toEqual([[[0, 100]], 1]);
  });

  it("of what is not in the tree is an error", () => {
    const vm = newVm({}, device());
    expect(() => remap(vm, gpuvaAlloc(vm), [0, 50], null)).toThrow("is removed, but is not in the tree");
    expect(ranges(vm)).toEqual([]);
  });
});
