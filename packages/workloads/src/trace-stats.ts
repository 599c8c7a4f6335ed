import { type BindOp, Distribution, type Request } from "@gpuvm/drm-model";
import { MappedRanges } from "./mapped-ranges.ts";

/** One figure of a trace. */
export interface Stat {
  /** What it is, for people. */
  readonly label: string;
  /** Its key, with the unit last. */
  readonly key: string;
  /** Values: one, or 10th, 50th and 90th percentile. */
  readonly values: readonly number[];
  /** What the values are. */
  readonly unit: "count" | "bytes" | "share" | "ns" | "per-second";
}

/** Gathers what a program asked for: sizes, rates, how addresses are used. In one pass, holding what is alive. */
export class TraceStats {
  readonly #sizes = new Map<number, number>();
  readonly #made = new Distribution();
  readonly #listed = new Distribution();
  readonly #opsPerCall = new Distribution();
  readonly #lengths = new Distribution();
  readonly #perSecond = new Map<number, number>();
  readonly #vms = new Map<string, MappedRanges>();
  readonly #mapsOf = new Map<number, number>();
  readonly #addresses = new Set<number>();
  #count = { events: 0, submits: 0, binds: 0, maps: 0, nulls: 0, unmaps: 0, over: 0, offset: 0, part: 0 };
  #reused = 0;
  #imported = 0;
  #bytes = 0;
  #bytesPeak = 0;
  #livePeak = 0;
  #mapped = 0;
  #mappedPeak = 0;
  #last = 0;

  /** The next request. */
  push(r: Request): void {
    const c = this.#count;
    c.events++;
    this.#last = r.t;
    if (r.op === "gem_new") this.#open(r.bo, r.size);
    else if (r.op === "prime_import" && r.fresh) {
      this.#imported++;
      this.#open(r.bo, r.size);
    } else if (r.op === "gem_close") {
      this.#bytes -= this.#sizes.get(r.bo) ?? 0;
      this.#sizes.delete(r.bo);
    } else if (r.op === "submit" || r.op === "exec") {
      c.submits++;
      const second = Math.floor(r.t / 1e9);
      this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + 1);
      if (r.op === "submit" && r.bos !== null && r.bos.length > 0) this.#listed.add(r.bos.length);
    } else if (r.op === "vm_bind") {
      c.binds++;
      this.#opsPerCall.add(r.ops.length);
      const vm = this.#vm(`${r.f}/${r.vm ?? ""}`);
      for (const op of r.ops) this.#op(vm, op);
    }
  }

  /** The figures so far. */
  stats(): Stat[] {
    const c = this.#count;
    const seconds = Math.max(1e-9, this.#last / 1e9);
    const rates = new Distribution();
    for (const n of this.#perSecond.values()) rates.add(n);
    const twice = [...this.#mapsOf.values()].filter((n) => n > 1).length;
    const one = (label: string, key: string, value: number, unit: Stat["unit"] = "count"): Stat => ({
      label,
      key,
      values: [value],
      unit,
    });
    const three = (label: string, key: string, d: Distribution, unit: Stat["unit"] = "count"): Stat => ({
      label,
      key,
      values: d.n === 0 ? [] : [0.1, 0.5, 0.9].map((p) => d.percentile(p)),
      unit,
    });
    const share = (test: (size: number) => boolean) =>
      this.#made.entries().reduce((sum, [size, n]) => sum + (test(size) ? n : 0), 0) /
      Math.max(1, this.#made.n);
    return [
      one("events", "events", c.events),
      one("duration", "duration_ns", this.#last, "ns"),
      one("buffers made", "bos_created", this.#made.n),
      one("buffers imported", "bos_imported", this.#imported),
      one("buffers open at once, peak", "bos_peak", this.#livePeak),
      one("bytes open at once, peak", "bo_bytes_peak", this.#bytesPeak, "bytes"),
      one(
        "buffers of 4 KiB or less",
        "small_bos_share",
        share((s) => s <= 4096),
        "share",
      ),
      one(
        "buffers over 1 MiB",
        "large_bos_share",
        share((s) => s > 2 ** 20),
        "share",
      ),
      one("submits", "submits", c.submits),
      three("submits per second p10/p50/p90", "submits_per_second", rates, "per-second"),
      three("buffers per submit p10/p50/p90", "submit_bos", this.#listed),
      one("bind calls", "binds", c.binds),
      one("bind calls per second", "binds_per_second", c.binds / seconds, "per-second"),
      three("operations per bind call p10/p50/p90", "bind_ops", this.#opsPerCall),
      one("maps", "maps", c.maps),
      one("unmaps", "unmaps", c.unmaps),
      one("null maps", "null_maps", c.nulls),
      one("maps over something live", "maps_over", c.over),
      one("maps with an offset into the buffer", "maps_offset", c.offset),
      one("maps shorter than the buffer", "maps_part", c.part),
      one("buffers mapped more than once", "bos_mapped_twice", twice),
      one("addresses used again", "addresses_reused", this.#reused),
      one("mappings at once, peak", "mappings_peak", this.#mappedPeak),
      three("map length p10/p50/p90", "map_bytes", this.#lengths, "bytes"),
    ];
  }

  #open(bo: number, size: number): void {
    this.#made.add(size);
    this.#sizes.set(bo, size);
    this.#bytes += size;
    if (this.#bytes > this.#bytesPeak) this.#bytesPeak = this.#bytes;
    if (this.#sizes.size > this.#livePeak) this.#livePeak = this.#sizes.size;
  }

  #vm(key: string): MappedRanges {
    const vm = this.#vms.get(key) ?? new MappedRanges();
    this.#vms.set(key, vm);
    return vm;
  }

  #op(vm: MappedRanges, op: BindOp): void {
    const c = this.#count;
    const before = vm.size;
    if (op.kind === "unmap") {
      c.unmaps++;
      vm.unmap(op.va, op.length);
    } else if (op.kind === "unmap_all") c.unmaps++;
    else if (op.kind === "map" || op.kind === "map_null" || op.kind === "map_userptr") {
      if (op.kind === "map_null") c.nulls++;
      else c.maps++;
      if (vm.map(op.va, op.length)) c.over++;
      this.#lengths.add(op.length);
      if (this.#addresses.has(op.va)) this.#reused++;
      this.#addresses.add(op.va);
      if (op.kind === "map") {
        if (op.boOffset > 0) c.offset++;
        if (op.length < (this.#sizes.get(op.bo) ?? 0)) c.part++;
        this.#mapsOf.set(op.bo, (this.#mapsOf.get(op.bo) ?? 0) + 1);
      }
    }
    this.#mapped += vm.size - before;
    if (this.#mapped > this.#mappedPeak) this.#mappedPeak = this.#mapped;
  }
}
