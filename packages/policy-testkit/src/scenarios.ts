import type { Ask, Program } from "./program.ts";

/** A small program that every policy must survive. */
export interface Scenario {
  /** Stable: gaps are listed by it. */
  readonly key: string;
  /** What must hold. */
  readonly says: string;
  /** Runs it; the kit then ends the program and looks at what remains. */
  readonly run: (program: Program) => void;
  /** The program behaves badly: answers may be errors. */
  readonly hostile?: boolean;
}

const VM = 1;
const QUEUE = 1;
const PAGE = 4096;
const BASE = 0x80_0000_0000;

/** Bind operations of one call. */
function bind(kind: "map" | "unmap" | "map_null", bo: number, va: number, pages: number, boPage = 0): Ask {
  const op = {
    kind,
    bo,
    boOffset: boPage * PAGE,
    va: BASE + va * PAGE,
    length: pages * PAGE,
    flags: 0,
  } as const;
  return { op: "vm_bind", vm: VM, async: false, ops: [op] };
}

function submit(bos: readonly number[]): Ask {
  return { op: "submit", vm: VM, queue: QUEUE, bos, writes: bos.map((_, i) => i), work: true };
}

const setUp: Ask[] = [
  { op: "vm_create", vm: VM },
  { op: "queue_new", vm: VM, queue: QUEUE },
];

function create(bo: number, pages: number): Ask {
  return { op: "gem_new", bo, size: pages * PAGE };
}

/** What every policy must do right. */
export const SCENARIOS: readonly Scenario[] = [
  {
    key: "orderly",
    says: "a program that unmaps, closes and destroys leaves nothing",
    run: (p) => {
      p.asks(...setUp, create(1, 16), bind("map", 1, 0, 16), submit([1]));
      p.sleep(1e9);
      p.asks(
        bind("unmap", 1, 0, 16),
        { op: "gem_close", bo: 1 },
        { op: "queue_close", queue: QUEUE },
        { op: "vm_destroy", vm: VM },
      );
    },
  },
  {
    key: "close-mapped",
    says: "a handle closed while its object is mapped leaks nothing for good",
    run: (p) => {
      p.asks(...setUp, create(1, 16), bind("map", 1, 0, 16), submit([1]), { op: "gem_close", bo: 1 });
      p.sleep(1e9);
    },
  },
  {
    key: "exit-mapped",
    says: "a program that ends with everything in place leaks nothing",
    run: (p) => {
      p.asks(
        ...setUp,
        create(1, 16),
        create(2, 4),
        bind("map", 1, 0, 16),
        bind("map", 2, 32, 4),
        submit([1, 2]),
      );
    },
  },
  {
    key: "exit-busy",
    says: "a program that ends with work queued leaks nothing, and nothing is unmapped under the GPU",
    run: (p) => {
      p.asks(...setUp, create(1, 16), bind("map", 1, 0, 16), ...Array.from({ length: 8 }, () => submit([1])));
    },
  },
  {
    key: "vm-destroy-mapped",
    says: "a VM destroyed with mappings in it leaks nothing",
    run: (p) => {
      p.asks(...setUp, create(1, 16), bind("map", 1, 0, 16), submit([1]));
      p.sleep(1e9);
      p.asks({ op: "queue_close", queue: QUEUE }, { op: "vm_destroy", vm: VM }, { op: "gem_close", bo: 1 });
    },
  },
  {
    key: "overlap",
    says: "maps over maps split and replace, and leak nothing",
    run: (p) => {
      p.asks(
        ...setUp,
        create(1, 16),
        create(2, 16),
        bind("map", 1, 0, 16),
        bind("map", 2, 4, 4),
        bind("map", 2, 12, 8),
      );
      p.asks(bind("map", 1, 0, 2, 8), submit([1, 2]), bind("unmap", 0, 0, 2), { op: "gem_close", bo: 1 });
      p.sleep(1e9);
      p.asks(bind("unmap", 0, 2, 18), { op: "gem_close", bo: 2 });
    },
  },
  {
    key: "two-mappings",
    says: "one object at two addresses is held until both are gone",
    run: (p) => {
      p.asks(...setUp, create(1, 8), bind("map", 1, 0, 8), bind("map", 1, 64, 4, 4), submit([1]));
      p.sleep(1e9);
      p.asks(bind("unmap", 0, 0, 8), submit([1]));
      p.sleep(1e9);
      p.asks(bind("unmap", 0, 64, 4), { op: "gem_close", bo: 1 });
    },
  },
  {
    key: "export",
    says: "an exported and an imported buffer are freed",
    run: (p) => {
      p.asks(
        ...setUp,
        create(1, 16),
        { op: "prime_export", bo: 1 },
        { op: "prime_import", bo: 2, size: 4 * PAGE, fresh: true },
      );
      p.asks(bind("map", 1, 0, 16), bind("map", 2, 32, 4), submit([1, 2]));
      p.sleep(1e9);
      p.asks(bind("unmap", 2, 32, 4), { op: "gem_close", bo: 2 }, bind("unmap", 1, 0, 16), {
        op: "gem_close",
        bo: 1,
      });
    },
  },
  {
    key: "two-files",
    says: "two programs do not hold each other's objects",
    run: (p) => {
      for (const f of [0, 1]) {
        for (const ask of [...setUp, create(1, 8), bind("map", 1, 0, 8), submit([1])])
          p.ask({ ...ask, f } as Ask);
      }
      p.ask({ op: "close", f: 0 });
      p.sleep(1e9);
      p.ask({ ...submit([1]), f: 1 } as Ask);
    },
  },
  {
    key: "hostile",
    says: "unknown handles, empty ranges and addresses out of bounds are refused and change nothing",
    hostile: true,
    run: (p) => {
      p.asks(...setUp, create(1, 4), bind("map", 1, 0, 4));
      p.asks(
        { op: "gem_close", bo: 99 },
        bind("map", 98, 8, 4),
        bind("map", 1, 16, 0),
        bind("map", 1, 16, 4, 4),
      );
      p.asks(
        { op: "gem_close", bo: 1 },
        { op: "gem_close", bo: 1 },
        { op: "vm_destroy", vm: 77 },
        submit([1]),
      );
    },
  },
];
