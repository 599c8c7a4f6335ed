import { describe, expect, test } from "vitest";
import { errorOf, read } from "./lines.ts";

/** One event of each kind with every field it may have; a trailing `?` marks what may be left out. */
const EVENTS: Record<string, Record<string, unknown>> = {
  gem_new: {
    bo: 9,
    size: 4096,
    "flags?": 1,
    "domain?": 2,
    "align?": 4096,
    "tile_mode?": 1,
    "tile_flags?": 8,
    "placement?": 1,
    "cache?": 2,
    "contiguity?": 65536,
    "vm?": 1,
  },
  gem_close: { bo: 1 },
  cpu_map: { bo: 1 },
  get_iova: { bo: 1 },
  prime_export: { bo: 1 },
  set_iova: { bo: 1, iova: 4096 },
  madvise: { bo: 1, willneed: 1 },
  cpu_prep: { bo: 1, "flags?": 4, "busy?": 1 },
  set_name: { bo: 1, name: "tex" },
  prime_import: { bo: 9, size: 4096, new: 1 },
  enable_vm_bind: {},
  vm_init: { "vm?": 1, "flags?": 1, "va_range?": 8192, "kva?": 4096, "ksize?": 4096 },
  vm_create: { vm: 1, "flags?": 1, "va_range?": 8192, "kva?": 4096, "ksize?": 4096 },
  vm_destroy: { vm: 1 },
  vm_bind: {
    "vm?": 1,
    "queue?": 1,
    "async?": 1,
    "in?": 1,
    "out?": 1,
    "syncs?": 1,
    ops: [["map", 1, 0, 4096, 4096, 0, 2]],
    "sync_ops?": [[["wait", 3]]],
  },
  queue_new: { queue: 1, "vm?": 1, "class?": 1, "flags?": 1, "prio?": 1, "queues?": 1 },
  queue_close: { queue: 1 },
  channel_new: { channel: 1, "vm?": 1, "class?": 1, "flags?": 1, "prio?": 1, "notifier_bo?": 9 },
  submit: {
    bos: [1, 2],
    w: [0],
    "vram?": [1],
    "queue?": 1,
    "fence?": 1,
    "flags?": 1,
    "cmds?": 1,
    "in?": 1,
    "out?": 1,
    "ib?": [[4096, 8]],
    "relocs?": 1,
    "channel?": 1,
    "vm?": 1,
    "work?": 1,
    "sync_ops?": [["signal", 3, 4]],
  },
  exec: {
    "queue?": 1,
    "channel?": 1,
    "in?": 1,
    "out?": 1,
    "push?": [[4096, 8, 0]],
    "jobs?": [[1, 2, 3]],
    "syncs?": 1,
    "batches?": 1,
    "addr?": 4096,
    "sync_ops?": [
      [
        ["wait", 3, 2],
        ["signal", 4],
      ],
    ],
  },
  wait_fence: { fence: 1, "queue?": 1 },
  heap_create: { "vm?": 1, "id?": 1, "chunk?": 1, "init?": 1, "max?": 1 },
  heap_destroy: { "vm?": 1, "id?": 1 },
  free_list_create: { "id?": 1, "va?": 4096, "init_pages?": 1, "max_pages?": 1, "grow_pages?": 1 },
  hwrt_create: { "id?": 1, "w?": 1, "h?": 1 },
  syncobj_create: { syncobj: 3, "signaled?": 1 },
  syncobj_destroy: { syncobj: 3 },
  syncobj_reset: { syncobjs: [3, 4] },
  syncobj_signal: { syncobjs: [3, 4], "points?": [7, 8] },
  syncobj_wait: { syncobjs: [3, 4], "points?": [7, 8], "flags?": 3 },
  syncobj_transfer: { src: 3, dst: 4, "src_point?": 7, "dst_point?": 8, "flags?": 2 },
  syncobj_export: { syncobj: 3, fd: 1, "sync_file?": 1, "point?": 7 },
  syncobj_import: { syncobj: 3, "fd?": 1, "sync_file?": 1, "point?": 7 },
  close: {},
  end: { why: "stopped" },
};

const SETUP = ['{"t":1,"op":"gem_new","bo":1,"size":4096}', '{"t":1,"op":"gem_new","bo":2,"size":4096}'];
/** Wrong for every type of field there is, each in its own way. */
const WRONG: readonly unknown[] = [-1, 1.5, {}, null, 2 ** 64, [-1], [[1, 2, 3, 4]], [["1", 2, 3]], [[]]];

function fields(op: string): Record<string, unknown> {
  const entries = Object.entries(EVENTS[op] ?? {}).map(([k, v]) => [k.replace("?", ""), v]);
  return { t: 5, op, f: 1, ...(Object.fromEntries(entries) as Record<string, unknown>) };
}

function readEvent(event: Record<string, unknown>): unknown {
  return read(...SETUP, JSON.stringify(event)).requests[2];
}

describe.each(Object.keys(EVENTS))("%s", (op) => {
  test("is read with everything in it", () => {
    const event = readEvent(fields(op)) as Record<string, unknown>;
    // Nothing may get lost: as many fields come out as went in.
    expect(Object.keys(event)).toHaveLength(Object.keys(fields(op)).length);
    expect(event).toMatchObject({ t: 5, op, f: 1 });
  });

  test("is read without what may be left out, and with a field that nobody knows", () => {
    const event = fields(op);
    for (const k of Object.keys(EVENTS[op] ?? {})) if (k.endsWith("?")) delete event[k.slice(0, -1)];
    delete event["f"];
    expect(readEvent({ ...event, unheard_of: { a: [1.5] } })).toMatchObject({ op, f: 0 });
  });

  for (const name of ["t", ...Object.keys(EVENTS[op] ?? {}).filter((k) => !k.endsWith("?"))]) {
    test(`is refused without ${name}`, () => {
      const event = fields(op);
      delete event[name];
      const error = errorOf(() => readEvent(event));
      expect(error.message).toMatch(new RegExp(`^a\\.jsonl:4: ${name} is missing.* \\(.+\\)$`));
    });
  }

  for (const name of ["t", "f", ...Object.keys(EVENTS[op] ?? {}).map((k) => k.replace("?", ""))]) {
    // A submit without a list of buffers is a neutral one, so null is an answer there.
    const nullIsRight = op === "submit" && name === "bos";
    // A list of lists is right with an empty one in it.
    const emptyIsRight = op !== "submit" && name === "sync_ops";
    const wrong = WRONG.filter(
      (v) => !(nullIsRight && v === null) && !(emptyIsRight && JSON.stringify(v) === "[[]]"),
    );
    test.each(wrong.map((v) => JSON.stringify(v)))(`is refused with ${name} %s`, (json) => {
      const error = errorOf(() => readEvent({ ...fields(op), [name]: JSON.parse(json) as unknown }));
      expect(error.line).toBe(4);
      expect(error.column).toBeGreaterThan(1);
      expect(error.reason).toContain(name === "ops" || name === "jobs" ? "" : name);
    });
  }
});

test("an unknown op and no op at all are refused", () => {
  expect(errorOf(() => readEvent({ t: 5, op: "gem_nwe" })).reason).toBe('unknown op "gem_nwe"');
  expect(errorOf(() => readEvent({ t: 5, op: 7 })).reason).toBe("unknown op 7");
  expect(errorOf(() => readEvent({ t: 5 })).reason).toBe("op is missing");
});

test("fields that are 0 where 0 means nothing are refused", () => {
  expect(errorOf(() => readEvent({ t: 5, op: "gem_new", bo: 0, size: 1 })).reason).toBe("bo is 0");
  expect(errorOf(() => readEvent({ t: 5, op: "gem_new", bo: 9, size: 0 })).reason).toBe("size is 0");
  expect(errorOf(() => readEvent({ t: 5, op: "cpu_map", bo: 0 })).reason).toBe("bo is 0");
});

describe("bind operations", () => {
  const bind = (...ops: unknown[]): unknown => readEvent({ t: 5, op: "vm_bind", ops });

  test("arrays become objects", () => {
    expect(bind(["map", 1, 4096, 8192, 12288, 3], ["unmap", 0, 0, 8192, 4096, 0, 7])).toMatchObject({
      ops: [
        { kind: "map", bo: 1, boOffset: 4096, va: 8192, length: 12288, flags: 3 },
        { kind: "unmap", bo: 0, boOffset: 0, va: 8192, length: 4096, flags: 0, pat: 7 },
      ],
    });
  });

  test.each([
    [[["mop", 1, 0, 0, 0, 0]], 'unknown kind of bind "mop"'],
    [[[1, 1, 0, 0, 0, 0]], "unknown kind of bind 1"],
    [[["map", 1, 0, 0, 0]], "an entry of ops has 5 elements"],
    [[["map", 1, 0, 0, 0, 0, 0, 0]], "an entry of ops has 8 elements"],
    [["map"], "ops is a string, not an array"],
    [[["map", 3, 0, 0, 0, 0]], "bo names buffer 3, which was not created before"],
    [[["map", -1, 0, 0, 0, 0]], "bo is -1, not an integer from 0 to 2^64-1"],
    [[["map", 1, -1, 0, 0, 0]], "bo_offset is -1, not an integer from 0 to 2^64-1"],
    [[["map", 1, 0, -1, 0, 0]], "va is -1, not an integer from 0 to 2^64-1"],
    [[["map", 1, 0, 0, -1, 0]], "length is -1, not an integer from 0 to 2^64-1"],
    [[["map", 1, 0, 0, 0, -1]], "flags is -1, not an integer from 0 to 2^64-1"],
    [[["map", 1, 0, 0, 0, 0, -1]], "pat is -1, not an integer from 0 to 2^64-1"],
  ])("%j is refused", (ops, reason) => {
    expect(errorOf(() => bind(...ops)).reason).toBe(reason);
  });
});

test("positions in bos must exist", () => {
  const submit = (extra: object): unknown => readEvent({ t: 5, op: "submit", bos: [1, 2], w: [], ...extra });
  expect(errorOf(() => submit({ w: [2] })).reason).toBe("w holds 2, but bos has 2 entries");
  expect(errorOf(() => submit({ vram: [2] })).reason).toBe("vram holds 2, but bos has 2 entries");
  expect(errorOf(() => submit({ bos: null, w: [0] })).reason).toBe("w holds 0, but bos has 0 entries");
  expect(errorOf(() => submit({ bos: [1, 3] })).reason).toBe(
    "bos names buffer 3, which was not created before",
  );
});

test.each([
  ["push", [[1]], "an entry of push has 1 numbers"],
  ["push", [[1, 2, 3, 4]], "an entry of push has 4 numbers"],
  ["jobs", [[1, 2]], "an entry of jobs has 2 numbers"],
  ["jobs", [[1, 2, 3, 4]], "an entry of jobs has 4 numbers"],
])("%s %j has the wrong length", (name, value, reason) => {
  expect(errorOf(() => readEvent({ t: 5, op: "exec", [name]: value })).reason).toBe(reason);
});

describe("syncs", () => {
  const exec = (extra: object): unknown => readEvent({ t: 5, op: "exec", ...extra });

  test("arrays become objects", () => {
    const sync_ops = [
      ["wait", 3],
      ["wait_reset", 4],
      ["signal", 5, 6],
    ];
    expect(readEvent({ t: 5, op: "submit", bos: [], w: [], sync_ops })).toMatchObject({
      syncOps: [
        { handle: 3, wait: true },
        { handle: 4, wait: true, reset: true },
        { handle: 5, wait: false, point: 6 },
      ],
    });
  });

  test.each([
    [[[["wait"]]], "an entry of sync_ops has 1 elements"],
    [[[["wait", 1, 2, 3]]], "an entry of sync_ops has 4 elements"],
    [[[["wiat", 1]]], 'unknown kind of sync_ops "wiat"'],
    [[[["wait", 0]]], "sync_ops is 0"],
    [[[["signal", 1, 0]]], "sync_ops is 0"],
    [[["wait", 1]], "sync_ops is a string, not an array"],
    [[[], [], []], "sync_ops has 3 lists, but push has 2 entries"],
  ])("%j is refused", (sync_ops, reason) => {
    const push = [
      [4096, 8],
      [8192, 8],
    ];
    expect(errorOf(() => exec({ push, sync_ops })).reason).toBe(reason);
  });

  test("there are as many lists as jobs or operations", () => {
    expect(errorOf(() => exec({ jobs: [[2, 1, 0]], sync_ops: [[], []] })).reason).toBe(
      "sync_ops has 2 lists, but jobs has 1 entries",
    );
    const bind = { t: 5, op: "vm_bind", ops: [["unmap", 0, 0, 4096, 4096, 0]], sync_ops: [[], []] };
    expect(errorOf(() => readEvent(bind)).reason).toBe("sync_ops has 2 lists, but ops has 1 entries");
  });

  test("there is a point for each syncobj", () => {
    const wait = { t: 5, op: "syncobj_wait", syncobjs: [1, 2], points: [3] };
    expect(errorOf(() => readEvent(wait)).reason).toBe("points has 1 entries, but syncobjs has 2");
    expect(errorOf(() => readEvent({ t: 5, op: "syncobj_reset", syncobjs: [0] })).reason).toBe(
      "syncobjs is 0",
    );
  });
});
