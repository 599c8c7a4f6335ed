import { ask, shrink } from "@gpuvm/explorer";
import { msm } from "@gpuvm/policy-msm";
import { bo, map, PAGE, unmap } from "../bugs/bug.ts";
import { BIND_QUEUE, bindsOf, ENABLE, NO_SHARE, VA, WC, WORK } from "./msm-asks.ts";
import { flip, mustNotLeave, type NativeScope, refused } from "./scope.ts";

const SUBMIT = { op: "submit", bos: [1], writes: [], cmds: 1 } as const;
const soft = { driver: msm, variants: ["soft"] };
const vmBind = { driver: msm, variants: ["vm-bind"] };

/** What only msm has. */
export const MSM_SCOPES: readonly NativeScope[] = [
  {
    ...soft,
    name: "madvise",
    about: "contents are given up, purged or not, and asked for again",
    setup: (w) => w.must(0, bo(1), { op: "get_iova", bo: 1 }, SUBMIT),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { op: "madvise", bo: 1, willneed: false }),
          ask(0, { op: "madvise", bo: 1, willneed: true }),
          ask(0, { op: "cpu_prep", bo: 1 }),
          ask(0, SUBMIT),
        ],
      },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...vmBind,
    name: "try-again",
    about: "memory pressure took a buffer; work that needs it fails at a step, and is tried again",
    failures: 1,
    setup(w) {
      w.must(0, ENABLE, BIND_QUEUE, bo(1, 1, { flags: WC | NO_SHARE }), bindsOf(map(1, VA)));
      w.machine.call(shrink(PAGE).run(w));
    },
    actors: [{ name: "program", calls: [ask(0, WORK), ask(0, WORK)] }],
  },
  {
    ...soft,
    name: "set-iova",
    about: "a program chooses an address, changes its mind, and lets the kernel choose",
    setup: (w) => w.must(0, bo(1), bo(2)),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, { op: "set_iova", bo: 1, iova: VA }),
          ask(0, { op: "set_iova", bo: 2, iova: VA }),
          ask(0, SUBMIT),
          ask(0, { op: "cpu_prep", bo: 1 }),
          ask(0, { op: "set_iova", bo: 1, iova: 0 }),
          ask(0, { op: "get_iova", bo: 2 }),
        ],
      },
    ],
  },
  {
    driver: msm,
    variants: ["soft", "vm-bind"],
    name: "flips",
    about: "a buffer is shown twice while its handle is closed, and memory is short",
    setup: (w) => w.must(0, bo(1)),
    actors: [
      { name: "display", calls: [flip(1), flip(1)] },
      { name: "program", calls: [ask(0, { op: "gem_close", bo: 1 })] },
      { name: "shrinker", calls: [shrink(PAGE)] },
    ],
  },
  {
    ...vmBind,
    name: "fences-in",
    about: "what work uses is unmapped when the work is done, without a wait",
    setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1), bindsOf(map(1, VA))),
    actors: [{ name: "program", calls: [ask(0, WORK), ask(0, { ...bindsOf(unmap(VA)), in: 1 })] }],
  },
  {
    ...vmBind,
    name: "same-again",
    about: "what is mapped is mapped again: as it is, elsewhere in the buffer, and as null pages",
    setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1, 4), bindsOf(map(1, VA, 2))),
    actors: [
      {
        name: "program",
        calls: [
          ask(0, bindsOf(map(1, VA, 2))),
          ask(0, bindsOf(map(1, VA, 2, PAGE))),
          ask(0, bindsOf({ kind: "map_null", bo: 0, boOffset: 0, va: VA, length: PAGE, flags: 0 })),
        ],
      },
    ],
  },
  {
    ...vmBind,
    name: "private-stays",
    about: "a buffer of one VM alone is not exported, and goes with its VM",
    setup: (w) => w.must(0, ENABLE, BIND_QUEUE, bo(1, 1, { flags: WC | NO_SHARE }), bindsOf(map(1, VA))),
    actors: [{ name: "program", calls: [mustNotLeave(1), ask(0, { op: "gem_close", bo: 1 })] }],
    check: refused,
  },
];
