import { EINTR, EINVAL, ENOENT, ERESTARTSYS } from "@gpuvm/core";
import type { SyncOp } from "@gpuvm/drm-model";
import { ask, closeFile, killProgram, type ScenarioRun } from "@gpuvm/explorer";
import { nouveau } from "@gpuvm/policy-nouveau";
import { bind, bo, map, unmap } from "../bugs/bug.ts";
import type { NativeScope } from "./scope.ts";

const VA = 0x10_0000;
const INIT = { op: "vm_init", kva: 2 ** 46, ksize: 2 ** 30 } as const;
const GART = { domain: 4 };
const channel = (id: number) => ({ op: "channel_new", channel: id }) as const;
const syncobj = (id: number) => ({ op: "syncobj_create", syncobj: id }) as const;
const wait = (handle: number, point = 0): SyncOp => ({ handle, wait: true, point });
const signal = (handle: number, point = 0): SyncOp => ({ handle, wait: false, point });
const exec = (id: number, ...ops: SyncOp[]) =>
  ({ op: "exec", channel: id, push: [[VA, 64]], syncOps: [ops] }) as const;
const binds = (op: Parameters<typeof bind>[1], ...ops: SyncOp[]) =>
  ({ ...bind(1, op), async: true, syncOps: [ops] }) as const;
/** Work that lists buffer 1. */
const pushbuf = (id: number, ...writes: number[]) =>
  ({ op: "submit", channel: id, bos: [1], writes, cmds: 1 }) as const;
const CLOSE = { op: "gem_close", bo: 1 } as const;
const common = { driver: nouveau, variants: ["vm-bind"] };

function program(w: ScenarioRun): void {
  w.must(0, INIT, bo(1, 1, GART), bo(2, 1, GART), bind(1, map(1, VA)), channel(1), channel(2));
  w.must(0, syncobj(1), syncobj(2));
}

/** A buffer of file 0 is one of file 1, too. */
function share(w: ScenarioRun, mine = 1, others = 9): void {
  const { prime } = w.driver;
  const dmaBuf = prime?.exportBo(w.file(0), mine);
  if (prime === undefined || dmaBuf === undefined || dmaBuf === null) throw new Error("it cannot be shared");
  w.machine.call(prime.importBo(w.file(1), dmaBuf, others));
  dmaBuf.close();
}

interface Queued {
  readonly sched: { readonly queue: readonly unknown[] };
}

/** A job is queued on a channel, or a bind of file 0. */
function queued({ files }: ScenarioRun, on: "bind" | number): boolean {
  const cli = files.get(0) as (Queued & { readonly channels: ReadonlyMap<number, Queued> }) | undefined;
  const of = on === "bind" ? cli : cli?.channels.get(on);
  return (of?.sched.queue.length ?? 0) > 0;
}

const answered = (actor: number, errno: number) => (w: ScenarioRun) =>
  w.results[actor]?.includes(errno) === true;

/** What binds and EXECs of nouveau wait for and signal. */
export const NOUVEAU_SYNC_SCOPES: readonly NativeScope[] = [
  {
    ...common,
    name: "syncs",
    about: "a buffer is unmapped behind the work that uses it, and another takes its place for the next",
    setup: program,
    actors: [
      {
        name: "program",
        calls: [
          ask(0, exec(1, signal(1))),
          ask(0, binds(unmap(VA), wait(1))),
          // Should the unmap have failed, this takes its place.
          ask(0, binds(map(2, VA), wait(1), signal(2))),
          ask(0, exec(2, wait(2))),
          ask(0, CLOSE),
        ],
      },
    ],
    sometimes: {
      "a bind waits for work": (w) => queued(w, "bind"),
      "work waits for a bind": (w) => queued(w, 2),
    },
  },
  {
    ...common,
    name: "syncs-of-timelines",
    about: "work of two channels and a bind, each behind a point of a timeline, while the file closes",
    setup: program,
    actors: [
      {
        name: "program",
        calls: [
          ask(0, exec(2, signal(1, 1))),
          ask(0, exec(1, wait(1, 1), signal(1, 2))),
          ask(0, binds(unmap(VA), wait(1, 2), signal(1, 3))),
          closeFile(0),
        ],
      },
    ],
    sometimes: {
      "work waits for another channel's": (w) => queued(w, 1),
      "a bind waits for both": (w) => queued(w, "bind"),
      "one that waits is cancelled": (w) => w.machine.counts.gpuJobs === 1 && w.results[0]?.length === 4,
    },
  },
  {
    ...common,
    name: "syncs-vs-destroy",
    about: "a syncobj is emptied and goes while another thread has work signal it, and wait for it",
    setup: program,
    actors: [
      {
        name: "program",
        calls: [ask(0, exec(1, signal(1))), ask(0, binds(unmap(VA), wait(1)))],
      },
      {
        name: "other thread",
        calls: [
          ask(0, { op: "syncobj_reset", syncobjs: [1] }),
          ask(0, { op: "syncobj_destroy", syncobj: 1 }),
        ],
      },
    ],
    // A bind that does not wait takes what the work uses away.
    allow: { "gpu-fault": "the program unmaps, in part or whole, what its own work uses" },
    sometimes: {
      "it has no fence": answered(0, -EINVAL),
      "it is not there": answered(0, -ENOENT),
      "a bind waits for work": (w) => queued(w, "bind"),
    },
  },
  {
    ...common,
    name: "kill-in-bind",
    about:
      "a program is killed in a bind that waits for those before it, and these for work: it goes on without waiting",
    setup: program,
    actors: [
      {
        name: "program",
        calls: [
          ask(0, exec(1, signal(1))),
          ask(0, binds(unmap(VA), wait(1))),
          ask(0, bind(1, map(2, 2 * VA))),
        ],
      },
      { name: "killer", calls: [killProgram(0)] },
    ],
    sometimes: {
      "the call ends before its bind": (w) =>
        w.killed.size > 0 && w.results[0]?.length === 3 && queued(w, "bind"),
    },
  },
  {
    ...common,
    name: "kill-in-pushbuf",
    about: "a program is killed in a PUSHBUF that waits for an EXEC of another program: nothing is submitted",
    setup(w) {
      w.must(0, bo(1, 1, GART), channel(1));
      w.must(1, INIT, channel(1));
      share(w);
      w.must(1, bind(1, map(9, VA)), { op: "exec", channel: 1, push: [[VA, 64]] });
    },
    actors: [
      { name: "program", calls: [ask(0, { op: "submit", channel: 1, bos: [1], writes: [0], cmds: 1 })] },
      { name: "killer", calls: [killProgram(0)] },
    ],
    sometimes: {
      "it waits for the other program's work": (w) =>
        w.slots.some(({ stop }) => stop === "nouveau_fence_sync"),
      "a signal ends the wait": answered(0, -ERESTARTSYS),
      "it was submitted before": (w) => w.results[0]?.[0] === 0,
    },
  },
  {
    ...common,
    name: "kill-contended",
    about:
      "a program is killed in a PUSHBUF that waits for an object which a PUSHBUF of another program holds, and both list the same two",
    setup(w) {
      w.must(0, bo(1, 1, GART), bo(2, 1, GART), channel(1));
      w.must(1, channel(1));
      share(w, 1, 9);
      share(w, 2, 8);
    },
    actors: [
      { name: "program", calls: [ask(0, { op: "submit", channel: 1, bos: [1, 2], writes: [], cmds: 1 })] },
      { name: "other", calls: [ask(1, { op: "submit", channel: 1, bos: [8, 9], writes: [], cmds: 1 })] },
      { name: "killer", calls: [killProgram(0)] },
    ],
    sometimes: {
      "it waits with nothing locked": (w) => w.slots.some(({ stop }) => stop === "drm_exec_lock_contended"),
      "a signal ends the wait": answered(0, -EINTR),
    },
  },
  {
    ...common,
    name: "writes-behind-reads",
    about: "work of one channel writes what work of another reads, and what that one reads again",
    setup: (w) => w.must(0, bo(1, 1, GART), channel(1), channel(2)),
    actors: [{ name: "program", calls: [ask(0, pushbuf(1)), ask(0, pushbuf(2, 0)), ask(0, pushbuf(1))] }],
    sometimes: {
      "work of both channels is under way": (w) => (w.file(0).handles.get(1)?.resv.pending().length ?? 0) > 1,
    },
  },
];
