import { USAGE_WRITE } from "@gpuvm/core";
import { type Driver, waitResv } from "@gpuvm/drm-model";
import { ask, type Call, closeFile } from "@gpuvm/explorer";
import { type PanthorGpu, panthor } from "@gpuvm/policy-panthor";
import { type Bug, bind, bo, map, PAGE, unmap } from "./bug.ts";

const VA = 0x20_0000;
const VM = { op: "vm_create", vm: 1 } as const;
const GROUP = { op: "queue_new", queue: 1, vm: 1, queues: 1 } as const;
const EXEC = { op: "exec", queue: 1, push: [[VA, 64]] } as const;
const MIB1 = 256;

/** Another process looks at a buffer the way implicit synchronisation does. */
const implicitWait: Call = {
  label: "implicit wait on bo 1",
  *run(world) {
    const shared = world.file(0).handles.get(1);
    if (shared === undefined) return;
    if (shared.resv.busy(USAGE_WRITE) !== null) world.bag.set("waits", true);
    yield* waitResv(world.machine.dev, shared.resv, USAGE_WRITE, "dma_resv_wait_timeout");
  },
};

/** Bugs of panthor. */
export const PANTHOR_BUGS: readonly Bug[] = [
  {
    id: "PA1",
    title: "drm/panthor: Fix UAF on kernel BO VA nodes",
    upstream: "6.19, fixes 8a1cc07578bf",
    driver: panthor,
    failures: 1,
    shows: ["dangling-list"],
    scenario: {
      setup: (w) => w.must(0, VM, { op: "heap_create", vm: 1, id: 1, chunk: 2 ** 21, init: 1, max: 1 }),
      actors: [{ name: "program", calls: [ask(0, { op: "heap_destroy", vm: 1, id: 1 })] }],
    },
  },
  {
    id: "PA2",
    title: "drm/panthor: Lock XArray when getting entries for the VM",
    upstream: "444fa5b100e5 (6.12)",
    driver: panthor,
    shows: ["USE_AFTER_FREE"],
    scenario: {
      setup: (w) => w.must(0, VM),
      actors: [
        { name: "bind", calls: [ask(0, bind(1, unmap(VA)))] },
        { name: "destroy", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
      ],
    },
  },
  {
    id: "PA3",
    title: "drm/panthor: Lock the VM resv before calling drm_gpuvm_bo_obtain_prealloc()",
    upstream: "fa998a9eac88 (6.12)",
    driver: panthor,
    variant: "6.12",
    shows: ["LOCK_NOT_HELD"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1, 2), bind(1, map(1, VA))),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA + PAGE, 1, PAGE)))] }],
    },
  },
  {
    id: "PA4",
    title: "drm/gpuvm: take GEM lock inside drm_gpuvm_bo_obtain_prealloc()",
    upstream: "9ce4aef9a5b1 (6.19)",
    driver: panthor,
    variant: "6.19",
    shows: ["LOCK_HELD", "LOCK_ORDER"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1, 2), bind(1, map(1, VA))),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA + PAGE, 1, PAGE)))] }],
    },
  },
  {
    id: "PA5",
    title: "panthor: use drm_gpuva_unlink_defer()",
    upstream: "63e919a31625 (6.19)",
    driver: panthor,
    variant: "6.19",
    shows: ["LOCK_NOT_HELD", "LOCK_CONTEXT"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1), bind(1, map(1, VA))),
      actors: [{ name: "program", calls: [ask(0, { ...bind(1, unmap(VA)), async: true })] }],
    },
  },
  {
    id: "PA6",
    title: "drm/panthor: Support partial unmaps of huge pages",
    upstream: "8e7460eac786 (7.0)",
    driver: panthor,
    buggyVariant: "6.19",
    shows: ["kernel-warning", "wrong"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1, 4 * MIB1), bind(1, map(1, 2 * VA, 4 * MIB1))),
      actors: [{ name: "program", calls: [ask(0, bind(1, unmap(2 * VA + MIB1 * PAGE, MIB1 + 16)))] }],
    },
  },
  {
    id: "PA7",
    title: "drm/panthor: Evict groups before VM termination",
    upstream: "565ed40b5fc1 (7.0)",
    driver: panthor,
    shows: ["gpu-fault"],
    scenario: {
      // That the program takes away what its own work uses is not what this is about.
      machine: { audit: true, lockdep: true },
      setup: (w) => w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA))),
      actors: [{ name: "program", calls: [ask(0, EXEC), ask(0, { op: "vm_destroy", vm: 1 })] }],
    },
  },
  {
    id: "PA8",
    title: "drm/panthor: Fix UAF in panthor_gem_create_with_handle() debugfs code",
    upstream: "fe69a3918084 (6.16)",
    driver: panthor,
    shows: ["USE_AFTER_FREE"],
    scenario: {
      setup: (w) => void w.file(0),
      actors: [
        { name: "create", calls: [ask(0, bo(1))] },
        { name: "close", calls: [ask(0, { op: "gem_close", bo: 1 })] },
      ],
    },
  },
  {
    id: "PA9",
    title: "drm/panthor: Don't add write fences to the shared BOs",
    upstream: "6.12-rc",
    driver: panthor,
    shows: ["wrong"],
    scenario: {
      setup: (w) => w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA))),
      actors: [
        { name: "submit", calls: [ask(0, EXEC)] },
        { name: "other", calls: [implicitWait] },
      ],
      check: (w) =>
        w.bag.get("waits") === true ? "another process waits for work on a buffer that it shares" : null,
    },
  },
  {
    id: "PA10",
    title: "drm/panthor: fix queue_reset_timeout_locked",
    upstream: "ac5b392a8c35",
    driver: panthor,
    shows: ["wrong"],
    scenario: {
      // Each job is done in three fifths of the time that it has.
      machine: { audit: true, lockdep: true, watch: true, timeouts: true, jobNs: 3e9 },
      setup: (w) => w.must(0, VM, GROUP, bo(1), bind(1, map(1, VA)), EXEC),
      actors: [{ name: "program", calls: [ask(0, EXEC)] }],
      check(w) {
        const { gpu } = w.driver as Driver & { readonly gpu: PanthorGpu };
        return gpu.stateOf(w.file(0), 1)?.timedOut === true
          ? "a group is given up for a job that had its time not yet"
          : null;
      },
    },
  },
  {
    id: "PA11",
    title: "drm/panthor: Fix kernel panic on partial unmap of a GPU VA region",
    upstream: "4eabd0d8791e (6.18)",
    driver: panthor,
    shows: ["crash"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1, 3), bind(1, map(1, VA, 3))),
      actors: [{ name: "program", calls: [ask(0, bind(1, unmap(VA + PAGE)))] }],
    },
  },
  {
    id: "PA12",
    title: "drm/panthor: Prevent potential UAF in group creation",
    upstream: "eec7e23d848d (6.19)",
    driver: panthor,
    shows: ["USE_AFTER_FREE"],
    scenario: {
      setup: (w) => w.must(0, VM),
      actors: [
        { name: "create", calls: [ask(0, GROUP)] },
        { name: "close", calls: [ask(0, { op: "queue_close", queue: 1 })] },
      ],
    },
  },
  {
    id: "PA13",
    title: "drm/panthor: Fix potential memleak of vma structure",
    upstream: "4492d54d5987 (6.19)",
    driver: panthor,
    failures: 1,
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1)),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA)))] }],
    },
  },
  {
    id: "A1",
    title: "drm/asahi: Clean up deferred BOs when dropping a VM",
    upstream: "AsahiLinux/linux PR 548; here in another driver with immediate mode",
    driver: panthor,
    shows: ["leak"],
    scenario: {
      setup: (w) =>
        w.must(0, VM, { op: "prime_import", bo: 1, size: PAGE, fresh: true }, bind(1, map(1, VA))),
      actors: [{ name: "program", calls: [closeFile(0)] }],
    },
  },
];
