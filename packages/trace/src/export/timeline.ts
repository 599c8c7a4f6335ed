import type { BindOp, Request, VmBind } from "@gpuvm/drm-model";
import { type Cut, type Mapped, MappingSet } from "../mapping-set.ts";
import type { TimelineSink } from "./timeline-event.ts";

/**
 * Turns requests into a timeline: a slice for each mapping from its bind to its end, counters of live mappings, mapped
 * bytes and open buffers, an instant for each piece of work, and an arrow from each bind to the first work after it.
 */
export class RequestTimeline {
  readonly #sink: TimelineSink;
  readonly #vms = new Map<string, MappingSet>();
  readonly #sizes = new Map<number, number>();
  readonly #arrows = new Map<number, number[]>();
  #mappings = 0;
  #mappedBytes = 0;
  #boBytes = 0;
  #flows = 0;
  #t = 0;

  constructor(sink: TimelineSink) {
    this.#sink = sink;
  }

  /** Takes the next request. */
  push(r: Request): void {
    this.#t = r.t;
    if (r.op === "gem_new" || (r.op === "prime_import" && r.fresh)) {
      this.#open(r.bo, r.size);
    } else if (r.op === "gem_close") {
      this.#boBytes -= this.#sizes.get(r.bo) ?? 0;
      this.#sizes.delete(r.bo);
      this.#count("open buffers", this.#sizes.size);
      this.#count("open buffer bytes", this.#boBytes);
    } else if (r.op === "vm_bind") {
      this.#bind(r);
    } else if (r.op === "submit" || r.op === "exec") {
      const flowsIn = this.#arrows.get(r.f) ?? [];
      this.#arrows.delete(r.f);
      const queue = r.queue ?? r.channel ?? 0;
      this.#sink({ type: "instant", t: r.t, track: `file ${r.f} queue ${queue}`, name: r.op, flowsIn });
    }
  }

  /** Ends what is still mapped. */
  end(): void {
    for (const [track, set] of this.#vms) for (const m of set) this.#endOf(track, m);
  }

  #open(bo: number, size: number): void {
    this.#sizes.set(bo, size);
    this.#boBytes += size;
    this.#count("open buffers", this.#sizes.size);
    this.#count("open buffer bytes", this.#boBytes);
  }

  #bind(r: VmBind): void {
    const track = `file ${r.f} vm ${r.vm ?? 0}`;
    let set = this.#vms.get(track);
    if (set === undefined) {
      set = new MappingSet();
      this.#vms.set(track, set);
    }
    for (const o of r.ops) this.#op(track, set, o);
    const flow = ++this.#flows;
    const pending = this.#arrows.get(r.f) ?? [];
    // Loading binds thousands of times before the first work: a few arrows show it as well.
    if (pending.length < 16) this.#arrows.set(r.f, [...pending, flow]);
    const flowsOut = pending.length < 16 ? [flow] : [];
    this.#sink({
      type: "instant",
      t: r.t,
      track: `${track} binds`,
      name: `vm_bind (${r.ops.length})`,
      flowsOut,
    });
    this.#count("mappings", this.#mappings);
    this.#count("mapped bytes", this.#mappedBytes);
  }

  #op(track: string, set: MappingSet, o: BindOp): void {
    switch (o.kind) {
      case "map":
      case "map_null":
      case "map_userptr": {
        const done = set.map(o.va, o.length, o.bo, o.boOffset, 0);
        this.#cut(track, done);
        this.#begin(track, done.mapped);
        break;
      }
      case "unmap":
        this.#cut(track, set.unmap(o.va, o.length));
        break;
      case "unmap_all":
        this.#cut(track, set.unmapBo(o.bo));
        break;
      case "prefetch":
      case "sync":
        break;
    }
  }

  #cut(track: string, cut: Cut): void {
    for (const m of cut.removed) this.#endOf(track, m);
    for (const m of cut.left) this.#begin(track, m);
  }

  #begin(track: string, m: Mapped): void {
    this.#mappings++;
    this.#mappedBytes += m.end - m.va;
    const name = m.bo === 0 ? "sparse" : `bo ${m.bo}`;
    const args = { va: BigInt(m.va), length: m.end - m.va, bo: m.bo, bo_offset: m.boOffset };
    this.#sink({ type: "begin", t: this.#t, track, id: m.id, name, args });
  }

  #endOf(track: string, m: Mapped): void {
    this.#mappings--;
    this.#mappedBytes -= m.end - m.va;
    this.#sink({ type: "end", t: this.#t, track, id: m.id });
  }

  #count(track: string, value: number): void {
    this.#sink({ type: "counter", t: this.#t, track, value });
  }
}
