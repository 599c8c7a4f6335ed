/** What became of addresses, so that a fault can be looked up after the fact. */
import type { Fault } from "../import/imported.ts";

/** Records that are kept: beyond these the oldest are forgotten. */
const RECORDS_MAX = 262_144;
const RECORDS_FIRST = 1024;

/** The last thing that was recorded of an address before a fault. */
export interface Past {
  /** Whether it was mapped then; false: it had been, and was unbound. */
  readonly mapped: boolean;
  readonly line: number;
  /** Nanoseconds on the clock of the text; NaN where there is none. */
  readonly clock: number;
  /** Number of the address space, as requests have it. */
  readonly vm: string;
  /** Events were lost between it and the fault. */
  readonly uncertain: boolean;
}

/** A mapping that an address just misses. */
export interface Near {
  readonly line: number;
  /** Bytes from its end to the address. */
  readonly beyond: number;
}

/**
 * The last binds and unbinds of a file, in constant memory.
 *
 * Invariant: record `i` of the newest `count` is at `(first + i) % capacity`.
 */
export class AddressHistory {
  #capacity = RECORDS_FIRST;
  #va = new Float64Array(RECORDS_FIRST);
  #end = new Float64Array(RECORDS_FIRST);
  #line = new Float64Array(RECORDS_FIRST);
  #clock = new Float64Array(RECORDS_FIRST);
  #vm = new Int32Array(RECORDS_FIRST);
  #mapped = new Uint8Array(RECORDS_FIRST);
  #first = 0;
  #count = 0;
  #vms: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #labels = new Map<string, string>();
  #lossLine = 0;
  #forgot = false;

  /** Nothing was recorded. */
  get empty(): boolean {
    return this.#count === 0;
  }

  /** Older records were dropped. */
  get forgot(): boolean {
    return this.#forgot;
  }

  /** The earliest time on the clock of the text that is remembered; NaN where there is none. */
  get begins(): number {
    return this.#count === 0 ? Number.NaN : (this.#clock[this.#first] as number);
  }

  /** How faults name a VM. */
  label(vm: string, label: string): void {
    this.#labels.set(vm, label);
  }

  /** A range was mapped, or unmapped. An `end` of Infinity is the end of the VM. */
  record(mapped: boolean, vm: string, va: number, end: number, line: number, clock: number): void {
    if (this.#count === this.#capacity && this.#capacity < RECORDS_MAX) this.#grow();
    const at = (this.#first + this.#count) % this.#capacity;
    if (this.#count < this.#capacity) this.#count++;
    else {
      this.#first = (this.#first + 1) % this.#capacity;
      this.#forgot = true;
    }
    this.#va[at] = va;
    this.#end[at] = end;
    this.#line[at] = line;
    this.#clock[at] = clock;
    this.#vm[at] = this.#numberOf(vm);
    this.#mapped[at] = mapped ? 1 : 0;
  }

  /** Events are missing from here on. */
  lost(line: number): void {
    this.#lossLine = line;
  }

  /** What was last recorded of an address, at or before the fault, in each VM that it may be about. */
  lookUp(fault: Fault): Past[] {
    const va = Number(fault.address);
    const end = va + fault.length;
    const wanted = this.#wanted(fault.space);
    const found = new Map<number, Past>();
    const over = new Map<number, { line: number; clock: number }>();
    for (let i = this.#count - 1; i >= 0; i--) {
      const at = (this.#first + i) % this.#capacity;
      const vm = this.#vm[at] as number;
      const clock = this.#clock[at] as number;
      if (found.has(vm) || (wanted !== undefined && !wanted.has(vm))) continue;
      if (fault.clock !== undefined && clock > fault.clock) continue;
      if ((this.#va[at] as number) >= end || (this.#end[at] as number) <= va) continue;
      const line = this.#line[at] as number;
      const mapped = this.#mapped[at] === 1;
      if (!mapped && this.#end[at] === Number.POSITIVE_INFINITY) {
        // The VM ended: that unbound the address if it was mapped before.
        if (!over.has(vm)) over.set(vm, { line, clock });
        continue;
      }
      // An unbind before the VM's end is what counts.
      const ended = mapped ? over.get(vm) : undefined;
      const last = ended ?? { line, clock };
      const uncertain = last.line < this.#lossLine;
      found.set(vm, {
        ...last,
        mapped: mapped && ended === undefined,
        vm: this.#vms[vm] as string,
        uncertain,
      });
    }
    return [...found.values()];
  }

  /** The mapping, whole or gone, whose end is next below an address. */
  nearest(fault: Fault): Near | undefined {
    const va = Number(fault.address);
    let near: Near | undefined;
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#first + i) % this.#capacity;
      const beyond = va - (this.#end[at] as number);
      if (this.#mapped[at] === 1 && beyond >= 0 && beyond < (near?.beyond ?? Number.POSITIVE_INFINITY)) {
        near = { line: this.#line[at] as number, beyond };
      }
    }
    return near;
  }

  #wanted(space: string | undefined): Set<number> | undefined {
    if (space === undefined) return undefined;
    const wanted = new Set<number>();
    for (const [vm, label] of this.#labels) {
      const number = this.#numbers.get(vm);
      if (label === space && number !== undefined) wanted.add(number);
    }
    // A space that nobody named says nothing about which it is.
    return wanted.size === 0 ? undefined : wanted;
  }

  #numberOf(vm: string): number {
    const known = this.#numbers.get(vm);
    if (known !== undefined) return known;
    const number = this.#vms.push(vm) - 1;
    this.#numbers.set(vm, number);
    return number;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    const longer = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(capacity);
      grown.set(old);
      return grown;
    };
    // Nothing was dropped yet, so the records stand in order from 0.
    this.#va = longer(this.#va);
    this.#end = longer(this.#end);
    this.#line = longer(this.#line);
    this.#clock = longer(this.#clock);
    const vm = new Int32Array(capacity);
    vm.set(this.#vm);
    this.#vm = vm;
    const mapped = new Uint8Array(capacity);
    mapped.set(this.#mapped);
    this.#mapped = mapped;
    this.#capacity = capacity;
  }
}
