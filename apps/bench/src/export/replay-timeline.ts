import type { Bo, Replay, Request } from "@gpuvm/drm-model";
import type { Sampler } from "@gpuvm/results";
import { RequestTimeline, type TimelineSink } from "@gpuvm/trace";

const BUFFERS = "buffers alive";
const RETAINED = "retained after the last handle";
const VMS = "VMs alive";

/**
 * What a policy makes of a trace, as a timeline: the requests it was asked, a slice for each buffer from its birth to its
 * death and for each VM, another for what lives on without a handle, and counters.
 */
export class ReplayTimeline implements Sampler {
  readonly every = 1;
  readonly #sink: TimelineSink;
  readonly #requests: RequestTimeline;
  readonly #values = new Map<string, number>();
  readonly #ids = new Map<Bo, number>();
  readonly #retained = new Set<Bo>();
  readonly #vms = new Set<number>();
  #orphans: Bo[] = [];
  #serial = 0;

  /** Nothing happened yet. */
  constructor(sink: TimelineSink) {
    this.#sink = sink;
    this.#requests = new RequestTimeline(sink);
  }

  /** Looks on at births and deaths: the machine tells its memory of each. */
  start({ machine }: Replay): void {
    const { memory } = machine;
    const born = memory.born.bind(memory);
    const died = memory.died.bind(memory);
    const orphaned = memory.orphaned.bind(memory);
    memory.born = (bo) => {
      const id = ++this.#serial;
      this.#ids.set(bo, id);
      this.#sink({
        type: "begin",
        t: machine.now,
        track: BUFFERS,
        id,
        name: bo.name,
        args: { bytes: bo.size },
      });
      born(bo);
    };
    memory.orphaned = (bo) => {
      this.#orphans.push(bo);
      orphaned(bo);
    };
    memory.died = (bo) => {
      const id = this.#ids.get(bo) as number;
      this.#sink({ type: "end", t: machine.now, track: BUFFERS, id });
      if (this.#retained.delete(bo)) this.#sink({ type: "end", t: machine.now, track: RETAINED, id });
      this.#ids.delete(bo);
      died(bo);
    };
  }

  /** After each request. */
  sample({ machine }: Replay, last: Request): void {
    const t = machine.now;
    this.#requests.push({ ...last, t });
    for (const bo of this.#orphans) {
      const id = this.#ids.get(bo);
      if (id === undefined || bo.reachable || this.#retained.has(bo)) continue;
      this.#retained.add(bo);
      this.#sink({ type: "begin", t, track: RETAINED, id, name: bo.name, args: { bytes: bo.size } });
    }
    this.#orphans = [];
    let mappings = 0;
    let mapped = 0;
    for (const [i, record] of machine.vms.entries()) {
      if (record.freed) {
        if (this.#vms.delete(i)) this.#sink({ type: "end", t, track: VMS, id: i });
        continue;
      }
      mappings += record.mappings;
      mapped += record.bytesMapped;
      if (this.#vms.has(i)) continue;
      this.#vms.add(i);
      this.#sink({ type: "begin", t, track: VMS, id: i, name: `${record.key} ${record.purpose}` });
    }
    const { memory, counts } = machine;
    this.#count(t, "model: mappings", mappings);
    this.#count(t, "model: mapped bytes", mapped);
    this.#count(t, "model: bytes of buffers", memory.bytes);
    this.#count(t, "model: retained bytes", memory.retained);
    this.#count(t, "model: page-table entries written", counts.ptesWritten);
    this.#count(t, "model: TLB invalidations", counts.tlbInvalidations);
  }

  #count(t: number, track: string, value: number): void {
    if (this.#values.get(track) === value) return;
    this.#values.set(track, value);
    this.#sink({ type: "counter", t, track, value });
  }
}
