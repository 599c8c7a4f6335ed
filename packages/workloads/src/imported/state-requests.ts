import type { NeutralBindOp, NeutralRequest } from "@gpuvm/drm-model";
import type { DumpedMapping, DumpedState } from "./snapshot-state.ts";

/** Virtual time between two dumps: dumps carry none. */
const BETWEEN_NS = 1e9;
/** Virtual time between two requests. */
const STEP_NS = 1e3;

const NOTHING: DumpedState = { spaces: new Map(), sizes: new Map() };
const NO_MAPPINGS: ReadonlyMap<number, DumpedMapping> = new Map();

/**
 * What programs must have asked for one dump to become the next, the shortest way: each address space is a program of
 * its own, which unmaps what is gone, closes buffers that nothing maps any more, makes and maps what is new, and then
 * works with all of it.
 */
export class StateRequests {
  readonly #files = new Map<string, number>();
  /** Serials of handles by program and buffer. */
  readonly #handles = new Map<string, number>();
  /** Buffers that some program made: another one imports them. */
  readonly #made = new Set<string>();
  #serial = 0;
  #opened = 0;
  #before = NOTHING;
  #t = 0;
  #dumps = 0;

  /** The requests that lead from the dump before (none: nothing) to this one. */
  next(state: DumpedState): NeutralRequest[] {
    this.#t = Math.max(this.#t, this.#dumps++ * BETWEEN_NS);
    const out: NeutralRequest[] = [];
    const names = new Set([...this.#before.spaces.keys(), ...state.spaces.keys()]);
    for (const name of names) {
      const old = this.#before.spaces.get(name) ?? NO_MAPPINGS;
      const now = state.spaces.get(name) ?? NO_MAPPINGS;
      const f = this.#file(name, out);
      this.#leave(f, old, now, out);
      this.#enter(f, old, now, state.sizes, out);
      if (state.spaces.has(name)) {
        const t = this.#tick();
        out.push({ t, f, op: "submit", vm: 1, queue: 1, bos: null, writes: [], work: true });
      } else out.push({ t: this.#tick(), f, op: "close" });
    }
    if (state.spaces.size === 0) this.#unmapped(state, out);
    for (const name of names) if (!state.spaces.has(name)) this.#files.delete(name);
    this.#before = state;
    return out;
  }

  /** The dumps end: nothing is known of what followed. */
  end(): NeutralRequest {
    return { t: this.#tick(), f: 0, op: "end", why: "no further dump" };
  }

  #tick(): number {
    this.#t += STEP_NS;
    return this.#t;
  }

  #file(name: string, out: NeutralRequest[]): number {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    // Never the number of a program that is gone.
    const f = this.#opened++;
    this.#files.set(name, f);
    out.push({ t: this.#tick(), f, op: "vm_create", vm: 1 });
    out.push({ t: this.#tick(), f, op: "queue_new", vm: 1, queue: 1 });
    return f;
  }

  #leave(
    f: number,
    old: ReadonlyMap<number, DumpedMapping>,
    now: ReadonlyMap<number, DumpedMapping>,
    out: NeutralRequest[],
  ): void {
    for (const m of old.values()) {
      if (!same(m, now.get(m.va))) {
        this.#bind(f, { kind: "unmap", bo: 0, boOffset: 0, va: m.va, length: m.length, flags: 0 }, out);
      }
    }
    const still = new Set([...now.values()].map((m) => m.object));
    for (const object of new Set([...old.values()].map((m) => m.object))) {
      const bo = this.#handles.get(`${f} ${object}`);
      if (bo === undefined || still.has(object)) continue;
      this.#handles.delete(`${f} ${object}`);
      out.push({ t: this.#tick(), f, op: "gem_close", bo });
    }
  }

  #enter(
    f: number,
    old: ReadonlyMap<number, DumpedMapping>,
    now: ReadonlyMap<number, DumpedMapping>,
    sizes: ReadonlyMap<string, number>,
    out: NeutralRequest[],
  ): void {
    for (const m of now.values()) {
      if (same(m, old.get(m.va))) continue;
      const { va, length } = m;
      if (m.object === "") {
        this.#bind(f, { kind: "map_null", bo: 0, boOffset: 0, va, length, flags: 0 }, out);
        continue;
      }
      const bo = this.#handle(f, m.object, sizes.get(m.object) ?? m.offset + length, out);
      this.#bind(f, { kind: "map", bo, boOffset: m.offset, va, length, flags: 0 }, out);
    }
  }

  #handle(f: number, object: string, size: number, out: NeutralRequest[]): number {
    const key = `${f} ${object}`;
    const known = this.#handles.get(key);
    if (known !== undefined) return known;
    const bo = ++this.#serial;
    this.#handles.set(key, bo);
    const t = this.#tick();
    if (this.#made.has(object)) out.push({ t, f, op: "prime_import", bo, size, fresh: true });
    else out.push({ t, f, op: "gem_new", bo, size });
    this.#made.add(object);
    return bo;
  }

  /** A dump that lists buffers but no address spaces: they are made, and closed when a later dump lacks them. */
  #unmapped(state: DumpedState, out: NeutralRequest[]): void {
    for (const [object, size] of state.sizes) this.#handle(0, object, size, out);
    for (const object of this.#before.sizes.keys()) {
      const bo = this.#handles.get(`0 ${object}`);
      if (bo === undefined || state.sizes.has(object)) continue;
      this.#handles.delete(`0 ${object}`);
      out.push({ t: this.#tick(), f: 0, op: "gem_close", bo });
    }
  }

  #bind(f: number, op: NeutralBindOp, out: NeutralRequest[]): void {
    out.push({ t: this.#tick(), f, op: "vm_bind", vm: 1, async: false, ops: [op] });
  }
}

function same(a: DumpedMapping, b: DumpedMapping | undefined): boolean {
  return b !== undefined && a.length === b.length && a.object === b.object && a.offset === b.offset;
}
