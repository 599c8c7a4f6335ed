import type { Distribution, Machine, Replay } from "@gpuvm/drm-model";
import type { Sampler } from "../sampler.ts";
import { addressSpace } from "./address-space.ts";
import { leftChains } from "./left-chains.ts";
import type { AddressSpace, Portrait } from "./portrait.ts";

/** Rows that are kept: twice this many are thinned to this many. */
const ROWS = 400;
/** Requests between the first samples; each thinning doubles it. */
const FIRST_EVERY = 32;
/** Another picture is taken when there are so many times more mappings. */
const FULLER = 1.02;
/** Different numbers of locks that are told apart. */
const LOCK_BINS = 48;

type Row = [tMs: number, retained: number, mappings: number, mapped: number, maps: number, unmaps: number];

/** Watches a replay for the report: a few hundred looks, whatever its length. */
export class PortraitSampler implements Sampler {
  every: number = FIRST_EVERY;
  readonly #rows: Row[] = [];
  #space: AddressSpace | null = null;
  #peak = 0;

  /** Looks at the machine. */
  sample({ machine }: Replay): void {
    const row = look(machine);
    // What rose and fell between two looks must not be lost.
    if (machine.memory.retainedPeak > this.#peak) row[1] = this.#peak = machine.memory.retainedPeak;
    this.#rows.push(row);
    if (row[2] > (this.#space?.mappings ?? 0) * FULLER) {
      const space = addressSpace(machine);
      if (space !== null && space.mappings > (this.#space?.mappings ?? 0)) this.#space = space;
    }
    if (this.#rows.length >= 2 * ROWS) this.#thin();
  }

  /** The program's last moment. */
  exiting(replay: Replay): void {
    this.sample(replay);
  }

  /** What was seen. After the replay is finished. */
  finish({ machine }: Replay): Portrait {
    this.#rows.push(look(machine));
    while (this.#rows.length > ROWS) this.#thin();
    const column = (i: number) => this.#rows.map((row) => row[i] as number);
    return {
      series: {
        t_ms: column(0),
        retained_bytes: column(1),
        mappings: column(2),
        mapped_bytes: column(3),
        maps: column(4),
        unmaps: column(5),
      },
      submit_locks: binned(machine.counts.submitLocks),
      address_space: this.#space,
      left: leftChains(machine),
    };
  }

  /** Of two rows the later one stays, with the greater retention. */
  #thin(): void {
    const rows = this.#rows;
    let kept = 0;
    for (let i = 0; i < rows.length; i += 2) {
      const a = rows[i] as Row;
      const b = rows[i + 1] ?? a;
      b[1] = Math.max(a[1], b[1]);
      rows[kept++] = b;
    }
    rows.length = kept;
    this.every *= 2;
  }
}

function look(machine: Machine): Row {
  const { forgotten, memory, vms } = machine;
  let mappings = 0;
  let mapped = 0;
  let maps = forgotten.steps.map;
  let unmaps = forgotten.steps.unmap + forgotten.teardown.unmap;
  for (const record of vms) {
    maps += record.steps.map;
    unmaps += record.steps.unmap + record.teardown.unmap;
    if (record.freed) continue;
    mappings += record.mappings;
    mapped += record.bytesMapped;
  }
  return [Math.round(machine.now / 1e4) / 100, memory.retained, mappings, mapped, maps, unmaps];
}

/** Every value by itself while they are few; else neighbours together, the more the greater they are. */
function binned(d: Distribution): [from: number, to: number, n: number][] {
  const entries = d.entries();
  const bins = new Map<number, [from: number, to: number, n: number]>();
  for (const [value, n] of entries) {
    const [from, to] = entries.length <= LOCK_BINS ? [value, value] : binOf(value);
    const bin = bins.get(from);
    if (bin === undefined) bins.set(from, [from, to, n]);
    else bin[2] += n;
  }
  return [...bins.values()];
}

/** Eight bins for each doubling. */
function binOf(value: number): [from: number, to: number] {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, value))) - 3);
  const from = Math.floor(value / step) * step;
  return [from, from + step - 1];
}
