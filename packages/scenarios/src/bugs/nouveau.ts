import { ask } from "@gpuvm/explorer";
import { nouveau } from "@gpuvm/policy-nouveau";
import { flip } from "../scopes/scope.ts";
import { type Bug, bind, bo, map, PAGE, unmap } from "./bug.ts";
import { treeIsMapped } from "./ptes.ts";

const VA = 0x10_0000;
const INIT = { op: "vm_init", kva: 2 ** 46, ksize: 2 ** 30 } as const;
const GART = { domain: 4 };
const VRAM = 2;
const SPARSE = 256;
const sparse = (va: number, pages: number) => map(0, va, pages, 0, SPARSE);

/** Bugs of nouveau. */
export const NOUVEAU_BUGS: readonly Bug[] = [
  {
    id: "N1",
    title: "nouveau/uvmm: fix addr/range calcs for remap operations",
    upstream: "be141849ec00 (6.9)",
    driver: nouveau,
    shows: ["wrong"],
    scenario: {
      setup(w) {
        w.must(0, INIT, bo(1, 4, GART), bo(2, 1, GART), bo(3, 1, GART));
        w.must(0, bind(1, map(1, VA, 4), map(3, VA + 4 * PAGE)));
      },
      actors: [{ name: "program", calls: [ask(0, bind(1, map(2, VA + 3 * PAGE)))] }],
      check: treeIsMapped,
    },
  },
  {
    id: "N2",
    title: "drm/nouveau: uvmm: fix unset region pointer on remap",
    upstream: "c6b9075cfbd6 (6.6)",
    driver: nouveau,
    shows: ["wrong"],
    scenario: {
      setup(w) {
        w.must(0, INIT, bo(1, 3, GART), bo(2, 1, GART), bind(1, sparse(VA, 8)));
        w.must(0, bind(1, map(1, VA, 3)), bind(1, map(2, VA + PAGE)));
      },
      actors: [{ name: "program", calls: [ask(0, bind(1, unmap(VA)))] }],
      check: (w) =>
        w.machine.vms.some((r) => r.purpose === "program" && r.pt.ptes.size > 0 && r.pt.ptes.at(VA) === null)
          ? "what was unmapped in a sparse region faults instead of reading as zero"
          : null,
    },
  },
  {
    id: "N3",
    title: "drm/nouveau/uvmm: fix UAF in nouveau_uvmm_sm when BO is in TTM_PL_SYSTEM",
    upstream: "3359a372efb6 (7.3)",
    driver: nouveau,
    shows: ["use-after-free"],
    scenario: {
      setup: (w) => w.must(0, INIT, bo(1, 1, { domain: 1 })),
      actors: [{ name: "program", calls: [ask(0, bind(1, map(1, VA)))] }],
    },
  },
  {
    id: "N4",
    title: "drm/nouveau: prime: fix refcount underflow",
    upstream: "a9bf3efc33f1 (6.11)",
    driver: nouveau,
    failures: 1,
    shows: ["REFCOUNT", "LEDGER"],
    scenario: {
      setup: (w) => w.must(0, INIT),
      actors: [{ name: "program", calls: [ask(0, { op: "prime_import", bo: 1, size: PAGE, fresh: true })] }],
    },
  },
  {
    id: "N5",
    title: "drm/nouveau: Fix gem reference leak in validate_init()",
    upstream: "5ea72f7b7139 (7.3)",
    driver: nouveau,
    variant: "legacy",
    shows: ["leak"],
    scenario: {
      setup: (w) => w.must(0, { op: "channel_new", channel: 1 }, bo(1, 1, GART)),
      actors: [
        { name: "program", calls: [ask(0, { op: "submit", channel: 1, bos: [1, 1], writes: [], cmds: 1 })] },
      ],
    },
  },
  {
    id: "N6",
    title: "drm/nouveau: don't bump pin count on failed re-pin",
    upstream: "7.3-rc, stable",
    driver: nouveau,
    failures: 1,
    shows: ["wrong"],
    scenario: {
      setup(w) {
        w.must(0, INIT, bo(1, 1, GART));
        w.machine.call(w.driver.shrink?.(PAGE) ?? noShrink());
      },
      actors: [{ name: "display", calls: [flip(1)] }],
      check(w) {
        const failed = w.results[0]?.[0] !== 0;
        const pinned = [...w.machine.memory.objects].some((o) => o.pins > 0);
        return failed && pinned
          ? "a pin that failed left its count: the object can't be evicted any more"
          : null;
      },
    },
  },
  {
    id: "N7",
    title: "nouveau: sched/uvmm: avoid job races between entities",
    upstream: "6cdcc65fdb0b (6.6)",
    driver: nouveau,
    shows: ["wrong", "stale-pte", "use-after-free", "USE_AFTER_FREE"],
    scenario: {
      setup: (w) => w.must(0, INIT, bo(1, 1, GART), bo(2, 1, GART)),
      actors: [
        { name: "queue 1", calls: [ask(0, { ...bind(1, map(1, VA)), async: true })] },
        { name: "queue 2", calls: [ask(0, { ...bind(1, map(2, VA)), async: true })] },
      ],
      check: treeIsMapped,
    },
  },
  {
    id: "N8",
    title: "nouveau: set placement to original placement on uvmm validate",
    upstream: "6.11-rc2",
    driver: nouveau,
    shows: ["wrong"],
    scenario: {
      machine: { audit: true, lockdep: true, watch: true, vram: PAGE },
      setup(w) {
        w.must(0, INIT, { op: "channel_new", channel: 1 }, bo(1, 1, { domain: VRAM }), bind(1, map(1, VA)));
        // There is VRAM for one: the first goes to the GART, and the second one goes again.
        w.must(0, bo(2, 1, { domain: VRAM }), { op: "gem_close", bo: 2 });
      },
      actors: [{ name: "program", calls: [ask(0, { op: "exec", channel: 1, push: [[VA, 64]] })] }],
      check(w) {
        const lies = (w.file(0).handles.get(1) as { lies?: number } | undefined)?.lies ?? 0;
        return lies === VRAM ? null : "work runs while a buffer that may be in VRAM alone lies elsewhere";
      },
    },
  },
  {
    id: "N9",
    title: "drm/nouveau/uvmm: clear the dirty flag when unwinding an OP_UNMAP_SPARSE",
    upstream: "38a62306c426 (2026)",
    driver: nouveau,
    shows: ["deadlock", "wrong"],
    scenario: {
      setup: (w) => w.must(0, INIT, bo(1, 1, GART), bind(1, sparse(VA, 4))),
      actors: [
        {
          name: "program",
          calls: [
            ask(0, bind(1, unmap(VA, 4, SPARSE), unmap(2 * VA, 4, SPARSE))),
            ask(0, bind(1, map(1, VA))),
          ],
        },
      ],
    },
  },
  {
    id: "N10",
    title: "drm/nouveau/uvmm: fix NULL deref unwinding an OP_MAP_SPARSE op",
    upstream: "412a6ceb56d5 (2026)",
    driver: nouveau,
    shows: ["crash"],
    scenario: {
      setup: (w) => w.must(0, INIT),
      actors: [{ name: "program", calls: [ask(0, bind(1, sparse(VA, 4), unmap(2 * VA, 4, SPARSE)))] }],
    },
  },
  {
    id: "N11",
    title: "drm/nouveau/uvmm: fix premature region free on failed OP_UNMAP_SPARSE",
    upstream: "ccf930812f23 (2026)",
    driver: nouveau,
    shows: ["REFCOUNT"],
    scenario: {
      setup: (w) => w.must(0, INIT, bind(1, sparse(VA, 4))),
      actors: [
        {
          name: "program",
          calls: [
            ask(0, { ...bind(1, unmap(VA, 4, SPARSE)), async: true }),
            ask(0, bind(1, unmap(VA, 4, SPARSE))),
          ],
        },
      ],
    },
  },
];

function* noShrink(): Generator<never, number, void> {
  return 0;
}
