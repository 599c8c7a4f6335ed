import { type NeutralRequest, Replay, type Request, type TraceHeader, translator } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { DRIVERS } from "../src/subjects.ts";

const MS = 1e6;
const VA = 2 ** 33;
const SIZE = 65536;
const at = { t: 0, f: 0 };
const work = { ...at, op: "submit", vm: 1, bos: null, writes: [], work: true } as const;
const map = { kind: "map", bo: 1, boOffset: 0, va: VA, length: SIZE, flags: 0 } as const;
const unmap = { kind: "unmap", bo: 0, boOffset: 0, va: VA, length: SIZE, flags: 0 } as const;
const bind = { ...at, op: "vm_bind", vm: 1, async: true } as const;

/** Two queues, and a bind before and behind: each waits for the one before it, once by a point of a timeline. */
const PROGRAM: readonly NeutralRequest[] = [
  { ...at, op: "vm_create", vm: 1 },
  { ...at, op: "gem_new", bo: 1, size: SIZE },
  { ...at, op: "queue_new", queue: 1, vm: 1 },
  { ...at, op: "queue_new", queue: 2, vm: 1 },
  ...[1, 2, 3, 4].map((syncobj) => ({ ...at, op: "syncobj_create", syncobj }) as const),
  { ...bind, ops: [map], syncOps: [[{ handle: 1, wait: false }]] },
  {
    ...{ ...work, queue: 1, fence: 1 },
    syncOps: [
      { handle: 1, wait: true },
      { handle: 2, wait: false, point: 7 },
    ],
  },
  {
    ...{ ...work, queue: 2, fence: 1 },
    syncOps: [
      { handle: 2, wait: true, point: 6 },
      { handle: 3, wait: false },
    ],
  },
  {
    ...{ ...bind, ops: [unmap] },
    syncOps: [
      [
        { handle: 3, wait: true },
        { handle: 4, wait: false },
      ],
    ],
  },
  { ...at, op: "syncobj_wait", syncobjs: [4], flags: 1 },
];

/** Work that waits for what is no work of this GPU. */
const HELD: readonly NeutralRequest[] = [
  ...PROGRAM.slice(0, 3),
  ...[1, 2].map((syncobj) => ({ ...at, op: "syncobj_create", syncobj }) as const),
  { ...bind, async: false, ops: [map] },
  {
    ...{ ...work, queue: 1, fence: 1 },
    syncOps: [
      { handle: 1, wait: true },
      { handle: 2, wait: false },
    ],
  },
];

const SPEAKERS = DRIVERS.flatMap((driver) =>
  Object.entries(driver.variants).map(([name, variant]) => ({
    name: `${driver.name}:${name}`,
    driver,
    variant,
  })),
);

type Speaker = (typeof SPEAKERS)[number];

/** The program as one of a driver would ask for it: a recording. */
function recorded(by: Speaker, program: readonly NeutralRequest[]): readonly Request[] {
  const lower = by.variant.userspace.lower();
  return program.flatMap((request) => [...lower(request)]);
}

/** What a recording of one becomes for another. */
function translated(from: Speaker, to: Speaker): (request: Request) => readonly Request[] {
  const header: TraceHeader = { format: "gpu-bo-trace", version: 1, driver: from.driver.name };
  return from === to
    ? (request) => [request]
    : translator(from.variant.userspace.lift(header), to.variant.userspace);
}

/** Who speaks of syncobjs, once each: variants of a driver mostly speak alike, and nouveau's older programs know none. */
const SOURCES = [
  "msm:mainline",
  "msm:vm-bind",
  "nouveau:vm-bind",
  "xe:mainline",
  "panthor:mainline",
  "powervr:mainline",
];

describe.each(SPEAKERS.filter(({ name }) => SOURCES.includes(name)))(
  "what a program of $name says of waits and signals",
  (from) => {
    it.each(SPEAKERS)("orders work and binds on $name", (to) => {
      const replay = new Replay(to.variant, { jobNs: MS, watch: true });
      for (const own of recorded(from, PROGRAM).flatMap(translated(from, to)))
        expect([own, replay.request(own)]).toEqual([own, 0]);
      // The program waited for two jobs, one after the other.
      expect(replay.machine.now).toBeGreaterThanOrEqual(2 * MS);
      expect(replay.machine.hazards).toEqual([]);
      replay.finish();
      // What older drivers leak by their own code has nothing to do with it.
      expect(replay.machine.hazards.filter(({ kind }) => kind !== "leak")).toEqual([]);
    });

    // nouveau's submits with lists of buffers have no syncobjs.
    it.each(SPEAKERS.filter(({ name }) => name !== "nouveau:legacy"))("holds work back on $name", (to) => {
      const replay = new Replay(to.variant, { jobNs: MS });
      const { machine } = replay;
      const elsewhere = machine.fence(machine.fenceContext(), 1);
      const { syncobjs } = replay.file(0);
      for (const own of recorded(from, HELD).flatMap(translated(from, to))) {
        expect([own, replay.request(own)]).toEqual([own, 0]);
        if (own.op === "syncobj_create" && own.syncobj === 1) syncobjs.get(1)?.set(machine.dev, elsewhere);
      }
      machine.advanceTo(10 * MS);
      expect(syncobjs.get(2)?.peek()?.signaled).toBe(false);
      elsewhere.signal();
      machine.settle();
      machine.advanceTo(20 * MS);
      expect(syncobjs.get(2)?.peek()?.signaled).toBe(true);
      replay.finish();
      expect(machine.hazards.filter(({ kind }) => kind !== "leak")).toEqual([]);
    });
  },
);

const lifted = (driver: string, requests: readonly object[]): readonly NeutralRequest[] => {
  const from = SPEAKERS.find(({ name }) => name === driver);
  const lift = from?.variant.userspace.lift({ format: "gpu-bo-trace", version: 1, driver });
  return requests.flatMap((request) => [...(lift?.({ ...at, ...request } as Request) ?? [])]);
};
const wait = (handle: number) => ({ handle, wait: true });
const signal = (handle: number) => ({ handle, wait: false });

describe("a call that does several things", () => {
  it("waits for what it does not signal by itself (panthor)", () => {
    const push = [
      [0, 64, 0],
      [0, 64, 1],
    ];
    const syncOps = [
      [wait(1), signal(2)],
      [wait(2), wait(1), signal(3)],
    ];
    const neutral = lifted("panthor:mainline", [
      { op: "queue_new", queue: 1, vm: 1 },
      { op: "exec", queue: 1, push, syncOps },
    ]);
    expect(neutral.at(-1)).toMatchObject({ op: "submit", syncOps: [wait(1), signal(2), signal(3)] });
  });

  it("is as many as it has turns between queues (powervr)", () => {
    const jobs = [
      [0, 5, 1],
      [0, 5, 1],
      [1, 6, 2],
      [0, 5, 1],
    ];
    const syncOps = [[signal(1)], [wait(1), signal(2)], [wait(2), signal(3)], [wait(3)]];
    const neutral = lifted("powervr:mainline", [
      { op: "queue_new", queue: 5, vm: 1 },
      { op: "queue_new", queue: 6, vm: 1 },
      { op: "exec", jobs, syncOps },
    ]);
    expect(neutral.slice(2)).toMatchObject([
      { queue: 5, syncOps: [signal(1), signal(2)] },
      { queue: 6, syncOps: [wait(2), signal(3)] },
      { queue: 5, syncOps: [wait(3)] },
    ]);
  });

  it("may empty what it waited for (msm)", () => {
    const syncOps = [{ ...wait(1), reset: true }, { ...wait(2), reset: true }, signal(2)];
    const neutral = lifted("msm:mainline", [{ op: "submit", bos: [], writes: [], cmds: 1, syncOps }]);
    expect(neutral.slice(-2)).toEqual([
      expect.objectContaining({ op: "submit", syncOps: [wait(1), wait(2), signal(2)] }),
      { ...at, op: "syncobj_reset", syncobjs: [1] },
    ]);
  });

  it("may be a word of memory, which is no syncobj (xe)", () => {
    const syncOps = [[{ handle: 0, wait: false, addr: 4096, point: 1 }]];
    const neutral = lifted("xe:mainline", [
      { op: "queue_new", queue: 1, vm: 1 },
      { op: "exec", queue: 1, batches: 1, syncs: 1, syncOps },
    ]);
    expect(neutral.at(-1)).not.toHaveProperty("syncOps");
  });
});

it.each(["msm:mainline", "msm:vm-bind"])(
  "a queue of number 0 is not the one that %s has from the start",
  (name) => {
    const to = SPEAKERS.find((speaker) => speaker.name === name) as Speaker;
    const program: readonly NeutralRequest[] = [
      ...PROGRAM.slice(0, 2),
      { ...bind, ops: [map] },
      { ...at, op: "queue_new", queue: 0, vm: 1 },
      { ...work, queue: 0, fence: 1 },
      { ...at, op: "wait_fence", queue: 0, fence: 1 },
      { ...at, op: "queue_close", queue: 0 },
    ];
    const replay = new Replay(to.variant);
    for (const own of recorded(to, program)) expect([own, replay.request(own)]).toEqual([own, 0]);
    replay.finish();
    expect(replay.leftAtDeviceClose).toMatchObject({ bos: 0, vms: 0 });
  },
);
