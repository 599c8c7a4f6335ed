import { type DrmGpuvmBo, gemVmBos } from "@gpuvm/core";
import type { Bo } from "@gpuvm/drm-model";
import { ask, closeFile, shrink } from "@gpuvm/explorer";
import { msm } from "@gpuvm/policy-msm";
import { panthor } from "@gpuvm/policy-panthor";
import { WORK } from "../scopes/msm-asks.ts";
import { flip } from "../scopes/scope.ts";
import { type Bug, bind, bo, map, PAGE, unmap } from "./bug.ts";

const VA = 0x1_0010_0000;
const WC = 0x20000;
const NO_SHARE = 4;
const ENABLE = { op: "enable_vm_bind" } as const;
const BIND_QUEUE = { op: "queue_new", queue: 1, flags: 2 } as const;

/** A bind call on the file's bind queue. */
function binds(...ops: Parameters<typeof bind>[1][]) {
  return { op: "vm_bind" as const, queue: 1, ops };
}

/** Bugs of msm, in the order of the catalogue. */
export const MSM_BUGS: readonly Bug[] = [
  {
    id: "M1",
    title: "drm/msm: Fix obj leak in VM_BIND error path",
    upstream: "278f8904434a, CVE-2025-40069 (6.18)",
    driver: msm,
    variant: "vm-bind",
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1)),
      actors: [{ name: "program", calls: [ask(0, binds(map(1, VA), map(99, VA + PAGE)))] }],
    },
  },
  {
    id: "M2",
    title: "drm/msm: Fix refcnt underflow in error path",
    upstream: "de651b6e040b (6.17-rc)",
    driver: msm,
    variant: "vm-bind",
    failures: 1,
    shows: ["REFCOUNT", "LEDGER"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE),
      actors: [{ name: "program", calls: [ask(0, bo(1, 1, { flags: WC | NO_SHARE }))] }],
    },
  },
  {
    id: "M3",
    title: "drm/msm: Fix GEM free for imported dma-bufs",
    upstream: "fixes de651b6e040b (6.17)",
    driver: msm,
    variant: "vm-bind",
    shows: ["kernel-warning", "REFCOUNT"],
    scenario: {
      setup: (w) => w.must(0, { op: "prime_import", bo: 1, size: PAGE, fresh: true }),
      actors: [{ name: "program", calls: [ask(0, { op: "gem_close", bo: 1 })] }],
    },
  },
  {
    id: "M4",
    title: "drm/msm: Fix missing VM_BIND offset/range validation",
    upstream: "3a3bef68a6c1 (6.18)",
    driver: msm,
    variant: "vm-bind",
    shows: ["wrong"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1)),
      actors: [{ name: "program", calls: [ask(0, binds(map(1, VA, 2)))] }],
      check(w) {
        const beyond = w.machine.vms
          .flatMap((record) => record.pt.ptes.runs())
          .some((run) => run.bo !== null && run.offset + (run.end - run.start) > run.bo.size);
        return beyond ? "page-table entries lead behind the end of an object" : null;
      },
    },
  },
  {
    id: "M5",
    title: "drm/msm: Fix VM_BIND UNMAP locking",
    upstream: "85042c2cd970 (7.1-rc)",
    driver: msm,
    variant: "vm-bind",
    shows: ["LOCK_NOT_HELD", "dangling-list"],
    scenario: {
      setup(w) {
        w.must(0, ENABLE, BIND_QUEUE, bo(1), binds(map(1, VA)));
        w.machine.quiesce();
      },
      actors: [
        { name: "program", calls: [ask(0, binds(unmap(VA)))] },
        { name: "shrinker", calls: [shrink(PAGE)] },
      ],
    },
  },
  {
    id: "M6",
    title: "drm/msm: Disallow foreign mapping of _NO_SHARE",
    upstream: "c07612365087 (6.17)",
    driver: msm,
    variant: "vm-bind",
    shows: ["wrong", "LOCK_NOT_HELD"],
    scenario: {
      setup(w) {
        w.must(0, ENABLE, BIND_QUEUE, bo(1, 1, { flags: WC | NO_SHARE }));
        w.must(1, ENABLE, BIND_QUEUE);
        // GETFB2 and the like: a handle of another file, without a dma-buf.
        const shared = w.file(0).handles.get(1) as (Bo & { vmaRef: number }) | undefined;
        if (shared === undefined) throw new Error("the object is gone");
        shared.get("creator");
        shared.vmaRef++;
        w.file(1).publish(1, shared);
      },
      actors: [{ name: "other", calls: [ask(1, binds(map(1, VA)))] }],
      check(w) {
        const shared = w.file(0).handles.get(1);
        if (shared === undefined) return null;
        const isForeign = (vmBo: DrmGpuvmBo) => vmBo.vm.resv !== shared.resv && vmBo.vaCount > 0;
        return gemVmBos(shared).toArray().some(isForeign)
          ? "a private object is on the lists of a VM whose lock does not protect it"
          : null;
      },
    },
  },
  {
    id: "M7",
    title: "drm/msm/vma: Avoid lock in VM_BIND fence signaling path",
    upstream: "8a7023b03535 (6.17-rc)",
    driver: msm,
    variant: "vm-bind",
    shows: ["LOCK_CONTEXT", "deadlock"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1)),
      actors: [{ name: "program", calls: [ask(0, binds(map(1, VA)))] }],
    },
  },
  {
    id: "M8",
    title: "drm/msm: Ensure vm is created in VM_BIND ioctl",
    upstream: "00d5f09719aa (6.18-rc)",
    driver: msm,
    variant: "vm-bind",
    shows: ["crash"],
    scenario: {
      setup: (w) => w.must(0, ENABLE),
      actors: [{ name: "program", calls: [ask(0, { op: "vm_bind", queue: 0, ops: [unmap(VA)] })] }],
    },
  },
  {
    id: "M9",
    title: "drm/msm: Defer VMA unmap for fb unpins",
    upstream: "3bebfd53af0f (6.17)",
    driver: msm,
    variant: "mainline",
    buggyVariant: "hard-unpin",
    shows: ["wrong"],
    scenario: {
      setup: (w) => w.must(0, bo(1)),
      actors: [{ name: "display", calls: [flip(1), flip(1)] }],
      check: (w) => (w.machine.counts.scanoutMaps > 1 ? "each flip maps the buffer anew" : null),
    },
  },
  {
    id: "M10",
    title: "drm/msm: Defer fd_install in VM_BIND/SUBMIT ioctl",
    upstream: "08c5b4228074, f22853435bbd (6.17-rc)",
    driver: msm,
    variant: "vm-bind",
    failures: 1,
    shows: ["REFCOUNT"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1)),
      actors: [{ name: "program", calls: [ask(0, { ...binds(map(1, VA)), out: 1 })] }],
    },
  },
  {
    id: "M11",
    title: "drm/msm: make sure last_fence is always updated",
    upstream: "86404a9e3013, CVE-2025-68314 (6.18)",
    driver: msm,
    variant: "vm-bind",
    shows: ["gpu-fault", "use-after-free"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1), binds(map(1, VA))),
      actors: [{ name: "program", calls: [ask(0, WORK), closeFile(0)] }],
    },
  },
  {
    id: "M12",
    title: "drm/msm: Fix pgtable prealloc error path",
    upstream: "830d68f2cb8a (6.18)",
    driver: msm,
    variant: "vm-bind",
    failures: 1,
    shows: ["kernel-warning"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1)),
      actors: [{ name: "program", calls: [ask(0, binds(map(1, VA)))] }],
    },
  },
  {
    id: "M13",
    title: "drm/msm: Fix another leak in the submit error path",
    upstream: "f681c2aa8676 (6.16)",
    driver: msm,
    variant: "vm-bind",
    failures: 1,
    shows: ["leak"],
    scenario: {
      // What was evicted has to come back when the out-fence is there already.
      setup(w) {
        w.must(0, ENABLE, BIND_QUEUE, bo(1), binds(map(1, VA)));
        w.machine.quiesce();
        w.machine.call(w.driver.shrink?.(PAGE) ?? noShrink());
      },
      actors: [{ name: "program", calls: [ask(0, WORK)] }],
    },
  },
  {
    id: "M14",
    title: "drm/msm: Fix a fence leak in submit error path",
    upstream: "5d319f75ccf7 (6.16)",
    driver: msm,
    variant: "mainline",
    failures: 1,
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, bo(1)),
      actors: [{ name: "program", calls: [ask(0, { op: "submit", bos: [1], writes: [0], cmds: 1 })] }],
    },
  },
  {
    id: "W8",
    title: "a file is closed with VM_BIND mappings left, and nothing walks its VM",
    upstream: "the hook that msm_gem_vm_close is; without it as in CVE-2024-53084",
    driver: msm,
    variant: "vm-bind",
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1)),
      actors: [{ name: "program", calls: [ask(0, binds(map(1, VA)))] }],
    },
  },
  {
    id: "W9",
    title: "a weak vm_bo on the list of external objects outlives its object",
    upstream: "the thread on v4 02/40; here any driver that walks that list",
    driver: panthor,
    ownership: "soft",
    shows: ["stale-pte", "use-after-free", "USE_AFTER_FREE", "dangling-list"],
    scenario: {
      setup: (w) =>
        w.must(
          0,
          { op: "vm_create", vm: 1 },
          { op: "queue_new", queue: 1, vm: 1 },
          bo(1),
          bind(1, map(1, 0x20_0000)),
        ),
      actors: [
        {
          name: "program",
          calls: [
            ask(0, { op: "gem_close", bo: 1 }),
            ask(0, { op: "exec", queue: 1, push: [[0x20_0000, 64]] }),
          ],
        },
      ],
    },
  },
];

function* noShrink(): Generator<never, number, void> {
  return 0;
}
