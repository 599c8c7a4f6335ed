import type { DrmGpuvm, Gpuva } from "@gpuvm/core";
import type { Hash } from "./hash.ts";

/** What a row is numbered with that was made since the setup: nothing else is hashed with such a number. */
const NEW = 0x6d000000;

/** A row: address, length, offset, flags with what it is; nothing: it is not allocated. */
type Row = readonly number[];
const NONE: Row = [];

/**
 * Mappings as calls have them in their locals: as numbers. Those that the setup made are the same in all states; the others are
 * numbered in the order in which the walk comes to them, and what each is says its VM.
 */
export class Rows {
  /** Numbers that the setup gave. */
  readonly #given = new Set<Gpuva>();
  /** What the setup left of them. */
  readonly #old = new Map<DrmGpuvm, ReadonlyMap<Gpuva, Row>>();
  /** Numbers that objects of the setup have. */
  readonly #always = new Set<Gpuva>();
  /** Numbers of the setup that were met, and new ones with their order. */
  readonly #met = new Set<Gpuva>();
  readonly #fresh = new Map<Gpuva, number>();
  readonly #vms = new Set<DrmGpuvm>();
  #planning = false;

  /** A walk begins. */
  begin(planning: boolean): void {
    this.#planning = planning;
    this.#met.clear();
    this.#fresh.clear();
    this.#vms.clear();
  }

  /** The setup is done. */
  plan(): void {
    for (const vm of this.#vms) {
      const rows = new Map<Gpuva, Row>();
      for (let n = vm.vas.first; n < vm.vas.bound; n++) {
        const va = n as Gpuva;
        // A number that the setup gave back is the next ones' to have, whichever gets it.
        if (vm.vas.allocated(va) || this.#always.has(va)) this.#given.add(va);
        rows.set(va, rowOf(vm, va));
      }
      this.#old.set(vm, rows);
    }
  }

  /** A VM was come to. */
  vm(vm: DrmGpuvm): void {
    this.#vms.add(vm);
  }

  /** What stands for a number. */
  number(value: number): number {
    const va = value as Gpuva;
    if (this.#planning) this.#always.add(va);
    else if (!this.#given.has(va)) {
      let order = this.#fresh.get(va);
      if (order === undefined) {
        order = this.#fresh.size;
        this.#fresh.set(va, order);
      }
      return NEW + order;
    } else if (!this.#always.has(va)) this.#met.add(va);
    return va;
  }

  /** What the numbers that were met stand for: in each VM that has such a row, as a number does not say of which it is. */
  hash(hash: Hash): void {
    let i = 0;
    for (const vm of this.#old.keys()) this.#of(vm, ++i, hash);
    for (const vm of this.#vms) if (!this.#old.has(vm)) this.#of(vm, ++i, hash);
  }

  #of(vm: DrmGpuvm, number: number, hash: Hash): void {
    const old = this.#old.get(vm);
    for (const va of this.#always) changed(vm, va, old?.get(va) ?? NONE, number, hash);
    for (const va of this.#met) changed(vm, va, old?.get(va) ?? NONE, number, hash);
    for (const [va, order] of this.#fresh) {
      if (!vm.vas.allocated(va)) continue;
      hash.int(order);
      add(vm, va, number, hash);
    }
  }
}

/** A row that is not as the setup left it. */
function changed(vm: DrmGpuvm, va: Gpuva, old: Row, number: number, hash: Hash): void {
  const { vas } = vm;
  if (!vas.allocated(va)) {
    if (old.length === 0) return;
    hash.int(va);
    hash.int(-number);
    return;
  }
  const [addr, range, offset, state] = old;
  if (
    vas.addr(va) === addr &&
    vas.range(va) === range &&
    vas.offset(va) === offset &&
    stateOf(vm, va) === state
  )
    return;
  hash.int(va);
  add(vm, va, number, hash);
}

function add(vm: DrmGpuvm, va: Gpuva, number: number, hash: Hash): void {
  const { vas } = vm;
  hash.int(number);
  hash.num(vas.addr(va));
  hash.num(vas.range(va));
  hash.num(vas.offset(va));
  hash.int(stateOf(vm, va));
}

function stateOf({ vas }: DrmGpuvm, va: Gpuva): number {
  return vas.flags(va) * 4 + (vas.inserted(va) ? 3 : 1);
}

function rowOf(vm: DrmGpuvm, va: Gpuva): Row {
  const { vas } = vm;
  return vas.allocated(va) ? [vas.addr(va), vas.range(va), vas.offset(va), stateOf(vm, va)] : NONE;
}
