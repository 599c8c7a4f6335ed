import type { DrmGpuvm, Gpuva } from "@gpuvm/core";
import type { Hash } from "./hash.ts";

/** So many numbers from the first one on are those of mappings. */
export const ROWS = 899;

/** What a row is numbered with that was made since the setup: nothing else is hashed with such a number. */
const NEW = 0x6d000000;

/**
 * Mappings as calls have them in their locals: as numbers. Those that the setup made are the same in all states; the others are
 * numbered in the order in which the walk comes to them, and what each is says its VM.
 */
export class Rows {
  /** Numbers below this one were given by the setup. */
  #bound = 0;
  /** What the setup left of them. */
  readonly #old = new Map<DrmGpuvm, ReadonlyMap<number, readonly number[]>>();
  /** Numbers that objects of the setup have. */
  readonly #always = new Set<number>();
  /** Numbers of the setup that were met, and new ones with their order. */
  readonly #met = new Set<number>();
  readonly #fresh = new Map<number, number>();
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
      const rows = new Map<number, readonly number[]>();
      for (let va = vm.dev.firstVa; va < vm.vas.bound; va++) rows.set(va, rowOf(vm, va as Gpuva));
      this.#old.set(vm, rows);
      if (vm.vas.bound > vm.dev.firstVa + ROWS / 2)
        throw new RangeError(`${vm.name} has too many mappings to be explored`);
      this.#bound = Math.max(this.#bound, vm.vas.bound);
    }
  }

  /** A VM was come to. */
  vm(vm: DrmGpuvm): void {
    this.#vms.add(vm);
  }

  /** What stands for a number. */
  number(va: number): number {
    if (this.#planning) this.#always.add(va);
    else if (va >= this.#bound) {
      let order = this.#fresh.get(va);
      if (order === undefined) {
        order = this.#fresh.size;
        this.#fresh.set(va, order);
      }
      return NEW + order;
    } else if (!this.#always.has(va)) this.#met.add(va);
    return va;
  }

  /** What the numbers that were met stand for. */
  hash(hash: Hash): void {
    for (const va of this.#always) this.#changed(va, hash);
    for (const va of this.#met) this.#changed(va, hash);
    if (this.#fresh.size === 0) return;
    const vms = [...this.#old.keys(), ...[...this.#vms].filter((vm) => !this.#old.has(vm))];
    for (const [va, order] of this.#fresh) {
      for (const [i, vm] of vms.entries()) {
        if (!vm.vas.allocated(va as Gpuva)) continue;
        hash.int(order);
        hash.int(i);
        for (const number of rowOf(vm, va as Gpuva)) hash.num(number);
      }
    }
  }

  /** A row of the setup that is not as the setup left it. */
  #changed(va: number, hash: Hash): void {
    let i = 0;
    for (const [vm, rows] of this.#old) {
      i++;
      const old = rows.get(va);
      if (old === undefined) continue;
      const now = rowOf(vm, va as Gpuva);
      if (now.length === old.length && now.every((number, at) => number === old[at])) continue;
      hash.int(va);
      hash.int(i);
      for (const number of now) hash.num(number);
    }
  }
}

/** What a row holds; nothing: it is not allocated. */
function rowOf({ vas }: DrmGpuvm, va: Gpuva): readonly number[] {
  if (!vas.allocated(va)) return [];
  const flags = vas.flags(va) * 4 + (vas.inserted(va) ? 3 : 1);
  return [vas.addr(va), vas.range(va), vas.offset(va), flags];
}
