import { type Counted, type Holder, holderName, type ReferencePolicy, type RefNode } from "@gpuvm/core";
import type { DriverOptions, DriverVariant } from "@gpuvm/drm-model";
import { type Ask, Program } from "./program.ts";
import { refNodeOf } from "./ref-node.ts";
import { SCENARIOS } from "./scenarios.ts";

/** How what a policy declares and what its driver does differ. */
export interface DeclarationGaps {
  /** References that were taken and are not declared: `submit -> BO`. */
  readonly undeclared: readonly string[];
  /** Counted edges that are declared and were never taken. */
  readonly untaken: readonly string[];
  /** Holders whose names do not tell what they are. */
  readonly nameless: readonly string[];
  /** Events that took a mapping away, or did not, against the declaration. */
  readonly events: readonly string[];
}

/**
 * Holds a policy's declaration against its driver: every reference that runs take must be declared, every declared one
 * taken, and a mapping must go at exactly those events that are declared to tear it down.
 */
export function declarationGaps(variant: DriverVariant, options: DriverOptions = {}): DeclarationGaps {
  const taken = new Set<string>();
  const nameless = new Set<string>();
  let policy: ReferencePolicy = variant.policy;
  const observe = (what: Counted, by: Holder) => {
    const from = refNodeOf(holderName(by));
    const to = refNodeOf(what.name);
    if (from === null) nameless.add(holderName(by));
    if (to === null) nameless.add(what.name);
    if (from === null || to === null || from === "transient" || to === "transient" || from === to) return;
    taken.add(`${from} -> ${to}`);
  };
  for (const { run } of [...SCENARIOS, { run: everything }]) {
    const program = new Program(variant, {}, options);
    const { driver, machine } = program.replay;
    policy = driver.policy;
    const { ledger } = machine.dev;
    if (ledger === null) continue;
    for (const what of ledger.all()) for (const { by } of ledger.holders(what)) observe(what, by);
    ledger.onGet = observe;
    run(program);
    program.end();
  }
  const declared = new Set(
    policy.edges
      .filter((e) => e.kind === "counted" && e.from !== e.to && !UNCOUNTED.has(e.to))
      .map((e) => `${e.from} -> ${e.to}`),
  );
  return {
    undeclared: [...taken].filter((edge) => !declared.has(edge)).sort(),
    untaken: [...declared].filter((edge) => !taken.has(edge)).sort(),
    nameless: [...nameless].sort(),
    events: eventGaps(variant, policy, options),
  };
}

/** What the model keeps no book of. */
const UNCOUNTED: ReadonlySet<RefNode> = new Set(["pages", "PTE"]);

const VM = 1;
const QUEUE = 1;
const PAGES = 16;
const SIZE = PAGES * 4096;
const VA = 0x80_0000_0000;

const SET_UP: readonly Ask[] = [
  { op: "vm_create", vm: VM },
  { op: "queue_new", vm: VM, queue: QUEUE },
];

function bind(kind: "map" | "unmap", bo: number): Ask {
  const op = { kind, bo, boOffset: 0, va: VA + bo * SIZE, length: SIZE, flags: 0 } as const;
  return { op: "vm_bind", vm: VM, async: false, ops: [op] };
}

function submit(...bos: number[]): Ask {
  return { op: "submit", vm: VM, queue: QUEUE, bos, writes: [0], work: true };
}

/** What the other scenarios leave out: private buffers, own dma-bufs, a display, binds and jobs in flight at the end. */
function everything(p: Program): void {
  p.asks(...SET_UP, { op: "gem_new", bo: 1, size: SIZE }, bind("map", 1), submit(1));
  p.asks({ op: "gem_new", bo: 2, size: SIZE, vm: VM }, bind("map", 2));
  const { replay } = p;
  const { driver, machine } = replay;
  const file = replay.file(0);
  const bo = file.handles.get(1);
  if (bo !== undefined && driver.scanout !== undefined) {
    machine.call(driver.scanout.prepareFb(bo));
    machine.call(driver.scanout.cleanupFb(bo));
  }
  const dmaBuf = driver.prime?.exportBo(file, 1) ?? null;
  if (dmaBuf !== null && driver.prime !== undefined) {
    for (const ask of SET_UP) p.ask({ ...ask, f: 1 } as Ask);
    machine.call(driver.prime.importBo(replay.file(1), dmaBuf, 7));
    dmaBuf.close();
  }
  p.asks({ op: "prime_export", bo: 1 }, submit(1), bind("unmap", 1), submit(1));
  p.asks({ op: "gem_new", bo: 3, size: SIZE }, { ...bind("map", 3), async: true } as Ask, submit(3));
}

/** What takes the mapping of a buffer away that somebody else keeps alive. */
function eventGaps(variant: DriverVariant, policy: ReferencePolicy, options: DriverOptions): string[] {
  const declared = new Set(
    policy.teardown
      .filter(({ vms, causedBy }) => causedBy !== "nobody" && (vms?.includes("program") ?? true))
      .map(({ id }) => id),
  );
  const gaps: string[] = [];
  const hold = (event: string, goes: boolean, promised: boolean) => {
    if (goes !== promised)
      gaps.push(`${event} ${goes ? "tears down, undeclared" : "is declared, and does not tear down"}`);
  };
  const p = new Program(variant, {}, options);
  p.asks(...SET_UP, { op: "gem_new", bo: 1, size: SIZE }, bind("map", 1), submit(1));
  const { replay } = p;
  const { machine } = replay;
  const bo = replay.file(0).handles.get(1);
  // Where programs have no VM of their own, their mappings lie in the kernel's.
  const record =
    machine.vms.find(({ file, purpose }) => file === 0 && purpose === "program") ??
    machine.vms.find(({ purpose }) => purpose === "kernel");
  if (bo === undefined || record === undefined) return ["no program runs"];
  bo.get("creator");
  machine.quiesce();
  hold("request-retire", bo.ptes === 0, declared.has("request-retire"));
  if (bo.ptes > 0) {
    p.ask({ op: "gem_close", bo: 1 });
    machine.quiesce();
    hold("handle-close", bo.ptes === 0, declared.has("handle-close"));
  }
  const atEnd = declared.has("file-close") || declared.has("vm-close") || declared.has("handle-close");
  if (bo.ptes > 0) {
    replay.closeFiles();
    hold("the end of the program", bo.ptes === 0, atEnd);
  }
  if (bo.ptes > 0 && record.vm.boOwnership === "soft") {
    bo.put("creator");
    machine.quiesce();
    hold("bo-free", bo.ptes === 0, declared.has("bo-free"));
  }
  return gaps;
}
