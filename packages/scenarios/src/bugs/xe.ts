import { gpuvmFirstVa } from "@gpuvm/core";
import { ask, migratePages, munmap, readFdinfo, shrink } from "@gpuvm/explorer";
import { xe } from "@gpuvm/policy-xe";
import { type Bug, bind, bo, map, PAGE, unmap } from "./bug.ts";

const VA = 0x10_0000;
const VM = { op: "vm_create", vm: 1, flags: 0 } as const;
const QUEUE = { op: "queue_new", queue: 1, vm: 1, class: 0 } as const;
const EXEC = { op: "exec", queue: 1, syncs: 1, batches: 1, addr: 0 } as const;

/** Where the program has its own memory, and a page of it mapped. */
const MEM = 0x7000_0000;
const user = (flags = 0) =>
  ({ kind: "map_userptr", bo: 0, boOffset: MEM, va: VA, length: PAGE, flags }) as const;
const PREFETCH = { kind: "prefetch", bo: 0, boOffset: 0, va: VA, length: PAGE, flags: 0 } as const;

/** Bugs of xe. */
export const XE_BUGS: readonly Bug[] = [
  {
    id: "X1",
    title: "drm/xe/vm: move xa_alloc to prevent UAF",
    upstream: "dcfd3971327f (6.12)",
    driver: xe,
    shows: ["USE_AFTER_FREE"],
    scenario: {
      setup: (w) => void w.file(0),
      actors: [
        { name: "create", calls: [ask(0, VM)] },
        { name: "destroy", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
      ],
    },
  },
  {
    id: "X2",
    title: "drm/xe: Don't allow evicting of BOs in same VM in array of VM binds",
    upstream: "7ac74613e5f2 (6.18)",
    driver: xe,
    failures: 1,
    shows: ["stale-pte", "crash", "use-after-free", "wrong"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1, 1, { vm: 1, flags: 1 }), bo(2, 1, { vm: 1, flags: 1 })),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA), map(2, VA + PAGE)))] }],
      check: (w) =>
        [...w.machine.memory.objects].some((o) => o.ptes > 0 && o.pages !== "resident")
          ? "page-table entries lead to an object without pages"
          : null,
    },
  },
  {
    id: "X3",
    title: "drm/xe: Fix vm_bind_ioctl double free bug",
    upstream: "a01b704527c2, CVE-2025-38731 (6.17)",
    driver: xe,
    shows: ["USE_AFTER_FREE", "REFCOUNT", "LEDGER"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1)),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA), map(1, VA + PAGE, 1, 0, 1 << 20)))] }],
    },
  },
  {
    id: "X4",
    title: "drm/xe/vm: nuke PTs only after unlinking contested VMAs",
    upstream: "24a22fb3c731 (7.3)",
    driver: xe,
    shows: ["use-after-free", "USE_AFTER_FREE"],
    scenario: {
      setup: (w) => w.must(0, { ...VM, flags: 2 | 4 }, bo(1), { ...bind(1, map(1, VA, 1, 0, 2)), syncs: 0 }),
      actors: [
        { name: "destroy", calls: [ask(0, { op: "vm_destroy", vm: 1 })] },
        { name: "shrinker", calls: [shrink(PAGE)] },
      ],
    },
  },
  {
    id: "X5",
    title: "Unprotected access of the vm->rebind_list",
    upstream: "xe issue 169, merge request 230",
    driver: xe,
    shows: ["dangling-list", "lock-rule", "LOCK_NOT_HELD"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1), QUEUE, { ...bind(1, map(1, VA)), syncs: 0 }),
      actors: [
        { name: "exec", calls: [ask(0, EXEC)] },
        { name: "shrinker", calls: [shrink(PAGE)] },
      ],
    },
  },
  {
    id: "X6",
    title: "drm/xe/client: fix deadlock in show_meminfo()",
    upstream: "9bd7ff293fc8 (6.11)",
    driver: xe,
    shows: ["deadlock", "DEADLOCK"],
    scenario: {
      setup: (w) => w.must(0, bo(1)),
      actors: [
        { name: "fdinfo", calls: [readFdinfo(0)] },
        { name: "close", calls: [ask(0, { op: "gem_close", bo: 1 })] },
      ],
    },
  },
  {
    id: "X8",
    title: "drm/xe: Drop VM dma-resv lock on xe_sync_in_fence_get failure in exec IOCTL",
    upstream: "6.12-rc7",
    driver: xe,
    shows: ["deadlock", "DEADLOCK", "lock-rule", "wrong"],
    scenario: {
      setup(w) {
        w.must(0, { op: "syncobj_create", syncobj: 1 }, VM, bo(1), QUEUE, {
          ...EXEC,
          syncOps: [[{ handle: 1, wait: false }]],
        });
      },
      actors: [
        { name: "program", calls: [ask(0, { ...EXEC, batches: 0, syncOps: [[{ handle: 1, wait: true }]] })] },
        { name: "other", calls: [ask(0, { ...EXEC, batches: 0 })] },
      ],
    },
  },
  {
    id: "X9",
    title: "drm/xe: Fix possible exec queue leak in exec IOCTL",
    upstream: "6.12-rc7",
    driver: xe,
    failures: 1,
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1), QUEUE),
      actors: [{ name: "program", calls: [ask(0, EXEC)] }],
    },
  },
  {
    id: "X10",
    title: "drm/xe: always keep track of remap prev/next",
    upstream: "bfe9e314d757, CVE-2026-31479 (7.0)",
    driver: xe,
    failures: 1,
    shows: ["wrong", "dangling-list", "leak"],
    scenario: {
      setup: (w) => w.must(0, VM, bo(1, 3), { ...bind(1, map(1, VA, 3)), syncs: 0 }),
      actors: [{ name: "program", calls: [ask(0, bind(1, unmap(VA + PAGE)))] }],
      check(w) {
        const vm = w.machine.vms.find(({ purpose }) => purpose === "program")?.vm;
        if (vm === undefined || w.results[0]?.[0] === 0) return null;
        const whole = vm.vas.range(gpuvmFirstVa(vm)) === 3 * PAGE;
        return whole ? null : "a bind that failed leaves what it was to cut in pieces";
      },
    },
  },
  {
    id: "X11",
    title: "drm/xe/userptr: fix EFAULT handling",
    upstream: "CVE-2025-21880 (6.14)",
    driver: xe,
    failures: 1,
    shows: ["stale-pte", "use-after-free"],
    scenario: {
      setup: (w) => w.must(0, VM, QUEUE, bind(1, user())),
      actors: [
        {
          name: "program",
          calls: [migratePages(0, MEM, PAGE), ask(0, EXEC), munmap(0, MEM, PAGE), ask(0, EXEC)],
        },
      ],
    },
  },
  {
    id: "X12",
    title: "drm/xe/userptr: restore invalidation list on error",
    upstream: "Fixes: ed2bdf3b264d (6.14)",
    driver: xe,
    failures: 1,
    shows: ["dangling-list", "kernel-warning"],
    scenario: {
      setup: (w) => w.must(0, VM, QUEUE, bind(1, user())),
      actors: [
        {
          name: "program",
          calls: [migratePages(0, MEM, PAGE), ask(0, EXEC), ask(0, bind(1, unmap(VA)))],
        },
      ],
    },
  },
  {
    id: "X13",
    title: "drm/xe/vm: Validate userptr during gpu vma prefetching",
    upstream: "Fixes: 617eebb9c480 (6.14)",
    driver: xe,
    shows: ["wrong"],
    scenario: {
      setup: (w) => w.must(0, { ...VM, flags: 2 | 4 }, bind(1, user(2))),
      actors: [{ name: "program", calls: [migratePages(0, MEM, PAGE), ask(0, bind(1, PREFETCH))] }],
      check: ({ results: [got = []] }) =>
        got[1] === 0 ? null : "nothing changes any more, and the prefetch is to be tried again for ever",
    },
  },
];
