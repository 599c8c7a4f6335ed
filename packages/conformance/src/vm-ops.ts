import {
  type GpuvmMapReq,
  gpuvaFind,
  gpuvaFindFirst,
  gpuvmIntervalEmpty,
  gpuvmMadviseOpsCreate,
  gpuvmPrefetchOpsCreate,
  gpuvmRangeValid,
  gpuvmSmMap,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmap,
  gpuvmSmUnmapOpsCreate,
} from "@gpuvm/core";
import { bool, int, type Request, u64 } from "./request.ts";
import type { Op } from "./session.ts";
import type { VmSession, VmSpace } from "./vm-session.ts";

const RANGE = ["addr", "range"] as const;
const MAP = [...RANGE, "obj", "off"] as const;

/** Objects are numbered from 1 and made in order, so a number is also a demand for memory. */
const OBJECTS = 1 << 20;

function mapReq(s: VmSession, r: Request): GpuvmMapReq {
  const offset = u64(r, "off");
  return { addr: u64(r, "addr"), range: u64(r, "range"), obj: s.obj(int(r, "obj", 0, OBJECTS)), offset };
}

/** The members of an `init` line. */
export function vmSpace(r: Request): VmSpace {
  return {
    start: u64(r, "start"),
    range: u64(r, "range"),
    kstart: u64(r, "kstart"),
    krange: u64(r, "krange"),
  };
}

/** Every line of the files about one VM, but `init`. */
export const VM_OPS: Readonly<Record<string, Op<VmSession>>> = {
  map: {
    request: [...MAP, "dry"],
    run: (s, r) => s.consume(gpuvmSmMapOpsCreate(s.vm, mapReq(s, r)), bool(r, "dry", false)),
  },
  unmap: {
    request: [...RANGE, "dry"],
    run: (s, r) =>
      s.consume(gpuvmSmUnmapOpsCreate(s.vm, u64(r, "addr"), u64(r, "range")), bool(r, "dry", false)),
  },
  madvise: {
    request: [...MAP, "dry"],
    run: (s, r) => s.consume(gpuvmMadviseOpsCreate(s.vm, mapReq(s, r)), bool(r, "dry", false)),
  },
  bo_unmap: {
    request: ["obj", "dry"],
    run: (s, r) => s.boUnmap(int(r, "obj", 1, OBJECTS), bool(r, "dry", false)),
  },
  prefetch: {
    request: [...RANGE, "dry"],
    run: (s, r) => {
      const { n: _, ...answer } = s.consume(
        gpuvmPrefetchOpsCreate(s.vm, u64(r, "addr"), u64(r, "range")),
        true,
      );
      return answer;
    },
  },
  insert: {
    request: MAP,
    run: (s, r) => {
      const ret = s.insert(u64(r, "addr"), u64(r, "range"), int(r, "obj", 0, OBJECTS), u64(r, "off"));
      return { ret, n: s.n };
    },
  },
  find_first: {
    request: RANGE,
    run: (s, r) => ({ va: s.mapping(gpuvaFindFirst(s.vm, u64(r, "addr"), u64(r, "range"))) }),
  },
  find: {
    request: RANGE,
    run: (s, r) => ({ va: s.mapping(gpuvaFind(s.vm, u64(r, "addr"), u64(r, "range"))) }),
  },
  empty: {
    request: RANGE,
    run: (s, r) => ({ res: gpuvmIntervalEmpty(s.vm, u64(r, "addr"), u64(r, "range")) }),
  },
  valid: {
    request: RANGE,
    run: (s, r) => ({ res: gpuvmRangeValid(s.vm, u64(r, "addr"), u64(r, "range")) }),
  },
  dump: {
    request: [],
    run: (s) => ({ vas: s.mappings(), refs: s.vm.refs }),
  },
  bos: {
    request: [],
    run: (s) => ({ bos: s.links() }),
  },
  map_cb: {
    request: [...MAP, "fail"],
    run: (s, r) => {
      const req = mapReq(s, r);
      return s.deliver(int(r, "fail", -1), (vm) => gpuvmSmMap(vm, null, req));
    },
  },
  unmap_cb: {
    request: [...RANGE, "fail"],
    run: (s, r) => {
      const addr = u64(r, "addr");
      const range = u64(r, "range");
      return s.deliver(int(r, "fail", -1), (vm) => gpuvmSmUnmap(vm, null, addr, range));
    },
  },
  lock_map: {
    request: [...MAP, "flags"],
    run: (s, r) =>
      s.lockMap(
        int(r, "flags", 0, 3),
        u64(r, "addr"),
        u64(r, "range"),
        int(r, "obj", 0, OBJECTS),
        u64(r, "off"),
      ),
  },
  lock_unmap: {
    request: [...RANGE, "flags"],
    run: (s, r) => s.lockUnmap(int(r, "flags", 0, 3), u64(r, "addr"), u64(r, "range")),
  },
};
