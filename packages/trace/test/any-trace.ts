/** Arbitrary traces that the format allows. */
import { BIND_KINDS, type Request } from "@gpuvm/drm-model";
import fc from "fast-check";

const small = fc.nat(1000);
/** Any u64 that a double holds: small ones, and multiples of a page above 2^53. */
const u64 = fc.oneof(
  fc.maxSafeNat(),
  fc.bigInt(0n, (1n << 52n) - 1n).map((n) => Number(n) * 4096),
);
const text = fc.string({ unit: "binary" }).filter((s) => !/\p{Surrogate}/u.test(s));
const known = fc.integer({ min: 1, max: 4 });

function rec(required: object, optional: object = {}): fc.Arbitrary<object> {
  const all = { ...required, ...optional } as Record<string, fc.Arbitrary<unknown>>;
  return fc.record(all, { requiredKeys: Object.keys(required) });
}

const bindOp = rec(
  { kind: fc.constantFrom(...BIND_KINDS), bo: fc.nat(4), boOffset: u64, va: u64, length: u64, flags: small },
  { pat: small },
);
const range = fc.oneof(fc.tuple(u64, small), fc.tuple(u64, small, small));
const syncOp = fc.oneof(
  rec({ handle: known, wait: fc.boolean() }, { point: fc.integer({ min: 1, max: 2 ** 40 }) }),
  rec({ handle: known, wait: fc.constant(true), reset: fc.constant(true) }),
  rec({
    handle: fc.constant(0),
    wait: fc.constant(false),
    addr: fc.integer({ min: 1, max: 2 ** 40 }),
    point: u64,
  }),
);
const syncOps = fc.array(syncOp, { maxLength: 3 });
const handles = fc.array(known, { minLength: 2, maxLength: 2 });
const c = <T>(v: T): fc.Arbitrary<T> => fc.constant(v);

const body: fc.Arbitrary<object> = fc.oneof(
  rec({ op: c("cpu_map"), bo: known }),
  rec({ op: c("get_iova"), bo: known }),
  rec({ op: c("prime_export"), bo: known }),
  rec({ op: c("set_iova"), bo: known, iova: u64 }),
  rec({ op: c("madvise"), bo: known, willneed: fc.boolean() }),
  rec({ op: c("cpu_prep"), bo: known }, { flags: small, busy: fc.boolean() }),
  rec({ op: c("set_name"), bo: known, name: text }),
  rec({ op: c("prime_import"), bo: known, size: known, fresh: c(false) }),
  rec({ op: c("enable_vm_bind") }),
  rec({ op: c("vm_init") }, { vm: small, flags: small, vaRange: u64, kva: u64, ksize: u64 }),
  rec({ op: c("vm_create"), vm: small }, { flags: small, vaRange: u64, kva: u64, ksize: u64 }),
  rec({ op: c("vm_destroy"), vm: small }),
  rec(
    { op: c("vm_bind"), ops: fc.array(bindOp, { maxLength: 4 }) },
    {
      vm: small,
      queue: small,
      async: fc.boolean(),
      in: small,
      out: small,
      syncs: small,
      syncOps: fc.tuple(syncOps),
    },
  ),
  rec(
    { op: c("queue_new"), queue: small },
    { vm: small, class: small, flags: small, prio: small, queues: small },
  ),
  rec({ op: c("queue_close"), queue: small }),
  rec({ op: c("channel_new"), channel: small }, { vm: small, class: small, flags: small, prio: small }),
  rec(
    { op: c("submit"), bos: fc.tuple(known, known), writes: fc.subarray([0, 1]) },
    {
      queue: small,
      fence: small,
      flags: small,
      cmds: small,
      in: small,
      out: small,
      ib: fc.array(range),
      vram: fc.subarray([0, 1]),
      relocs: small,
      channel: small,
      vm: small,
      work: fc.boolean(),
      syncOps,
    },
  ),
  rec(
    { op: c("submit"), bos: c(null), writes: c([]), vm: small, queue: small, work: fc.boolean() },
    { fence: small },
  ),
  rec(
    { op: c("exec") },
    {
      queue: small,
      channel: small,
      push: fc.array(range),
      jobs: fc.array(fc.tuple(small, small, small)),
      addr: u64,
      batches: small,
      in: small,
      out: small,
      syncs: small,
      syncOps: fc.tuple(syncOps),
    },
  ),
  rec({ op: c("syncobj_create"), syncobj: known }, { signaled: fc.boolean() }),
  rec({ op: c("syncobj_destroy"), syncobj: known }),
  rec({ op: c("syncobj_reset"), syncobjs: handles }),
  rec({ op: c("syncobj_signal"), syncobjs: handles }, { points: fc.tuple(u64, u64) }),
  rec({ op: c("syncobj_wait"), syncobjs: handles }, { points: fc.tuple(u64, u64), flags: small }),
  rec({ op: c("syncobj_transfer"), src: known, dst: known }, { srcPoint: u64, dstPoint: u64, flags: small }),
  rec({ op: c("syncobj_export"), syncobj: known, fd: known }, { syncFile: fc.boolean(), point: small }),
  rec({ op: c("syncobj_import"), syncobj: known }, { fd: known, syncFile: fc.boolean(), point: small }),
  rec({ op: c("wait_fence"), fence: small }, { queue: small }),
  rec({ op: c("heap_create") }, { vm: small, id: small, chunk: u64, init: small, max: small }),
  rec({ op: c("heap_destroy") }, { vm: small, id: small }),
  rec(
    { op: c("free_list_create") },
    { id: small, va: u64, initPages: small, maxPages: small, growPages: small },
  ),
  rec({ op: c("hwrt_create") }, { id: small, width: small, height: small }),
  rec({ op: c("close") }),
);

/** Traces that hold every kind of event; buffers 1 to 4 come first and are not closed before the end. */
export function anyTrace(): fc.Arbitrary<Request[]> {
  return fc
    .tuple(
      fc.array(fc.tuple(fc.nat(1e9), fc.nat(2), body), { maxLength: 40 }),
      rec(
        {},
        {
          flags: small,
          domain: small,
          align: small,
          tileMode: small,
          tileFlags: small,
          placement: small,
          cache: small,
          contiguity: fc.integer({ min: 12, max: 40 }).map((bits) => 2 ** bits),
          vm: small,
        },
      ),
      fc.boolean(),
    )
    .map(([bodies, extra, end]) => {
      const events: object[] = [];
      for (let bo = 1; bo <= 4; bo++) {
        events.push(
          bo === 4
            ? { t: 0, f: 0, op: "prime_import", bo, size: 4096, fresh: true }
            : { t: 0, f: 0, op: "gem_new", bo, size: 4096 * bo, ...extra },
        );
      }
      let t = 0;
      for (const [dt, f, b] of bodies) {
        t += dt;
        events.push({ t, f, ...b });
      }
      events.push({ t, f: 0, op: "gem_close", bo: 1 });
      events.push({ t, f: 0, op: "channel_new", channel: 1, notifierBo: 5 });
      if (end) events.push({ t, f: 0, op: "end", why: "stopped" });
      return events as Request[];
    });
}
