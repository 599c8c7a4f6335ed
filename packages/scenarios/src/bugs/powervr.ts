import { gpuvmBoFind, gpuvmBoPut } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import { ask, type Call, closeFile, type ScenarioRun } from "@gpuvm/explorer";
import { powervr } from "@gpuvm/policy-powervr";
import { DRAW_PAIR, newSyncObj, TARGET } from "../powervr-pairs.ts";
import { type Bug, bind, bo, map, PAGE, unmap } from "./bug.ts";

/** In the general heap. */
const VA = 0x80_0000_0000;

/** Gives the object of a handle of file 0 a handle in file 1, too. */
function share(world: ScenarioRun, handle: number): void {
  const dmaBuf = world.driver.prime?.exportBo(world.file(0), handle) ?? null;
  if (dmaBuf === null) throw new Error("the object cannot be shared");
  const ret = world.machine.call(world.driver.prime?.importBo(world.file(1), dmaBuf, handle) ?? none());
  if (ret !== 0) throw new Error(`the import answered ${ret}`);
  dmaBuf.close();
}

function* none(): Generator<never, number, void> {
  return -1;
}

/** Somebody in the kernel who came to the link of VM and object, and keeps it for a while. */
const keepLink: Call = {
  label: "keep the vm_bo",
  *run(world) {
    const { dev, vms } = world.machine;
    const kept = world.file(0).handles.get(1);
    const record = vms.find(({ purpose, freed }) => purpose === "program" && !freed);
    if (kept === undefined || record === undefined) return;
    kept.get("reader");
    yield* lock(dev, kept.resv, "drm_gpuvm_bo_find");
    const vmBo = gpuvmBoFind(record.vm, kept, "reader");
    unlock(dev, kept.resv);
    yield* preempt(dev, "preempt", "reader");
    yield* lock(dev, kept.resv, "drm_gpuvm_bo_put");
    gpuvmBoPut(vmBo, "reader");
    unlock(dev, kept.resv);
    kept.put("reader");
  },
};

const CONTEXT = { op: "queue_new", queue: 1, vm: 1, class: 1 } as const;
const JOB = { op: "exec", jobs: [[2, 1, 0]] } as const;

/** Bugs of powervr. */
export const POWERVR_BUGS: readonly Bug[] = [
  {
    id: "P1",
    title: "drm/imagination: vm: fix drm_gpuvm reference count",
    upstream: "0d3abd456be4 (6.8)",
    driver: powervr,
    shows: ["use-after-free"],
    scenario: {
      setup: (w) => w.must(0, bo(1), { op: "vm_create", vm: 1 }, bind(1, map(1, VA))),
      actors: [
        { name: "reader", calls: [keepLink] },
        { name: "program", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
      ],
    },
  },
  {
    id: "P2",
    title: "drm/imagination: Break an object reference loop",
    upstream: "b04ce1e718bd, CVE-2024-53084 (6.12)",
    driver: powervr,
    shows: ["leak"],
    scenario: {
      setup(w) {
        w.must(0, bo(1), { op: "vm_create", vm: 1 }, CONTEXT, { op: "prime_export", bo: 1 });
        w.must(0, bind(1, map(1, VA)));
      },
      actors: [{ name: "program", calls: [ask(0, JOB), closeFile(0)] }],
    },
  },
  {
    id: "P3",
    title: "drm/imagination: Hold drm_gem_gpuva lock for unmap",
    upstream: "a5c4c3ba95a5 (6.14)",
    driver: powervr,
    shows: ["dangling-list", "lock-rule", "LOCK_NOT_HELD"],
    scenario: {
      setup(w) {
        w.must(0, bo(1), { op: "vm_create", vm: 1 }, bind(1, map(1, VA)));
        share(w, 1);
        w.must(1, { op: "vm_create", vm: 1 }, bind(1, map(1, VA)));
      },
      actors: [
        { name: "process 1", calls: [ask(0, bind(1, unmap(VA)))] },
        { name: "process 2", calls: [ask(1, bind(1, unmap(VA)))] },
      ],
    },
  },
  {
    id: "P4",
    title: "drm/imagination: Free pvr_vm_gpuva after unlink",
    upstream: "3f6b2f60b463 (6.12)",
    driver: powervr,
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, bo(1), { op: "vm_create", vm: 1 }),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA))), ask(0, bind(1, unmap(VA)))] }],
    },
  },
  {
    id: "P5",
    title: "remap links the pieces to the vm_bo of the new object",
    upstream: "corrected in 6.12.117 and 7.3.4 (pvr_vm_gpuva_remap)",
    driver: powervr,
    shows: ["leak", "kernel-warning", "dangling-list"],
    scenario: {
      setup: (w) => w.must(0, bo(1, 3), bo(2), { op: "vm_create", vm: 1 }, bind(1, map(1, VA, 3))),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(2, VA + PAGE)))] }],
    },
  },
  {
    id: "P6",
    title: "drm/imagination: avoid deadlock on fence release",
    upstream: "df1a1ed5e1bd (6.14)",
    driver: powervr,
    shows: ["LOCK_ORDER", "LOCK_CONTEXT", "lock-rule", "deadlock", "DEADLOCK", "LOCK_HELD"],
    scenario: {
      // The fence of the first context's job comes to be all that holds it, in the dma_resv of a buffer it maps.
      setup(w) {
        w.must(0, bo(1), { op: "vm_create", vm: 1 }, CONTEXT, { op: "prime_export", bo: 1 });
        w.must(0, bind(1, map(1, VA)), { op: "vm_create", vm: 2 }, { ...CONTEXT, queue: 2, vm: 2 }, JOB);
        w.machine.quiesce();
        w.must(0, { op: "queue_close", queue: 1 }, { op: "vm_destroy", vm: 1 });
      },
      actors: [{ name: "program", calls: [ask(0, { op: "exec", jobs: [[2, 2, 0]] })] }],
    },
  },
  {
    id: "P7",
    title: "drm/imagination: Propagate map failures correctly",
    upstream: "2026 stable lists; in 7.3.4",
    driver: powervr,
    failures: 1,
    shows: ["wrong"],
    scenario: {
      setup: (w) => w.must(0, bo(1), { op: "vm_create", vm: 1 }),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA)))] }],
      check(w) {
        const record = w.machine.vms.find((r) => r.purpose === "program");
        if (record === undefined || record.mappings === 0 || record.pt.ptes.size > 0) return null;
        return "a mapping is in the tree, but nothing is in the page tables";
      },
    },
  },
  {
    id: "P8",
    title: "drm/imagination: take paired job reference",
    upstream: "4ba2abe154ef, CVE-2025-37763 (6.15)",
    driver: powervr,
    shows: ["use-after-free"],
    scenario: {
      setup(w) {
        w.must(0, ...TARGET);
        newSyncObj(w);
      },
      actors: [{ name: "program", calls: [DRAW_PAIR] }],
    },
  },
  {
    id: "P9",
    title: "drm/imagination: only init job done fences once",
    upstream: "68c3de7f707e (6.14)",
    driver: powervr,
    shows: ["leak"],
    scenario: {
      setup(w) {
        w.must(0, ...TARGET);
        newSyncObj(w);
      },
      // The fragments wait for the geometry before, too: the pair is prepared once more when that is done.
      actors: [{ name: "program", calls: [ask(0, { op: "exec", jobs: [[0, 1, 0]] }), DRAW_PAIR] }],
    },
  },
  {
    id: "P10",
    title: "drm/imagination: acquire vm_ctx->lock before mapping memory to GPU VM",
    upstream: "17e2030f3760 (2026)",
    driver: powervr,
    shows: ["USE_AFTER_FREE", "use-after-free"],
    scenario: {
      setup(w) {
        w.must(0, bo(1), bo(2), { op: "vm_create", vm: 1 }, bind(1, map(1, VA)));
        w.must(0, { op: "gem_close", bo: 1 });
      },
      actors: [
        { name: "unmap", calls: [ask(0, bind(1, unmap(VA)))] },
        { name: "map", calls: [ask(0, bind(1, map(2, VA)))] },
      ],
    },
  },
];
