import { Machine, type MachineOptions, type PageTableCounts, type Tally } from "@gpuvm/drm-model";
import { type Xe, xeDevice } from "../device.ts";
import type { XeEvent } from "../events.ts";
import type { XePlatform } from "../platform.ts";

type ByKey = Record<string, number>;

/** What the driver does during one request: entries, tables, events, what is freed. */
export class Recorder {
  readonly machine: Machine;
  readonly xe: Xe;
  events: XeEvent[] = [];
  /** Tables of VMs that are gone, made and freed. */
  #before: Snapshot;

  /** A device that tells what it does. */
  constructor(platform: XePlatform, options: MachineOptions = {}) {
    this.machine = new Machine({ jobNs: 0, ...options });
    this.xe = xeDevice(this.machine, "hard", new Set(), platform);
    this.xe.endlessLongRunning = true;
    this.xe.copiesAtOnce = true;
    this.xe.onEvent = (event) => void this.events.push(event);
    this.#before = this.#snapshot();
  }

  /** A request begins. */
  begin(): void {
    this.events = [];
    this.#before = this.#snapshot();
  }

  /** What was done since, as an answer says it. */
  since(): Record<string, unknown> {
    const before = this.#before;
    const now = this.#snapshot();
    return {
      leafWritten: difference(now.leafWritten, before.leafWritten),
      leafCleared: {},
      leafDropped: {},
      tableEntriesWritten: difference(now.tableWritten, before.tableWritten),
      tableEntriesCleared: this.#cleared(),
      tablesAllocated: now.allocated - before.allocated,
      tablesFreed: now.freed - before.freed,
      tablesLive: now.allocated - now.freed,
    };
  }

  /** Entries of any kind that were cleared, by level. */
  #cleared(): ByKey {
    const out: ByKey = {};
    for (const event of this.events) {
      if (event[0] !== "clear" && event[0] !== "zap") continue;
      out[event[1]] = (out[event[1]] ?? 0) + event[3];
    }
    return out;
  }

  #snapshot(): Snapshot {
    const all = this.machine.vms.map(({ pt }) => pt.counts);
    return {
      leafWritten: sum(all, (c) => c.leafWritten),
      tableWritten: sum(all, (c) => c.tableWritten),
      allocated: all.reduce((n, c) => n + c.tablesAllocated, 0),
      freed: all.reduce((n, c) => n + c.tablesFreed, 0),
    };
  }
}

interface Snapshot {
  readonly leafWritten: Tally;
  readonly tableWritten: Tally;
  readonly allocated: number;
  readonly freed: number;
}

function sum(all: readonly PageTableCounts[], tallyOf: (counts: PageTableCounts) => Tally): Tally {
  const out: Tally = new Map();
  for (const counts of all) for (const [key, n] of tallyOf(counts)) out.set(key, (out.get(key) ?? 0) + n);
  return out;
}

function difference(now: Tally, before: Tally): ByKey {
  const out: ByKey = {};
  for (const [key, n] of now) {
    const more = n - (before.get(key) ?? 0);
    if (more !== 0) out[key] = more;
  }
  return out;
}
