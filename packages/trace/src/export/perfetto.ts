import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { TimelineArgs, TimelineEvent } from "./timeline-event.ts";

/** Field numbers of Perfetto's messages, from `protos/perfetto/trace/`. */
const TRACE = { packet: 1 } as const;
const PACKET = { timestamp: 8, sequenceId: 10, trackEvent: 11, trackDescriptor: 60 } as const;
const DESCRIPTOR = { uuid: 1, name: 2, parentUuid: 5, counter: 8 } as const;
const EVENT = {
  annotations: 4,
  type: 9,
  trackUuid: 11,
  name: 23,
  counterValue: 44,
  flowIds: 47,
  endingFlowIds: 48,
} as const;
const ANNOTATION = { bool: 2, int: 4, double: 5, string: 6, pointer: 7, name: 10 } as const;
const TYPE = { begin: 1, end: 2, instant: 3, counter: 4 } as const;
const SEQUENCE = 1;

/** A track, or a lane of one: what runs at the same time lies in different lanes. */
interface Track {
  readonly uuid: number;
  /** Uuids of lanes; those that are free, last freed first. */
  readonly free: number[];
  readonly running: Map<number, number>;
}

/**
 * Writes a Perfetto trace of TrackEvents. Slices of one Perfetto track must nest, which lifetimes of mappings don't, so
 * each track has as many lanes as things ever ran on it at once. Addresses are kept as 64-bit integers.
 */
export class PerfettoEncoder {
  readonly #tracks = new Map<string, Track>();
  #uuids = 0;

  /** Bytes for one event. Bytes of successive events are simply joined. */
  event(e: TimelineEvent): Uint8Array {
    const out = new BinaryWriter();
    const track = this.#track(e, out);
    switch (e.type) {
      case "begin": {
        const lane = track.free.pop() ?? this.#describe(out, e.track, track.uuid, false);
        track.running.set(e.id, lane);
        this.#packet(out, e.t, (w) => header(w, TYPE.begin, lane, e.name, e.args));
        break;
      }
      case "end": {
        const lane = track.running.get(e.id);
        // An end without a beginning says nothing.
        if (lane === undefined) break;
        track.running.delete(e.id);
        track.free.push(lane);
        this.#packet(out, e.t, (w) => header(w, TYPE.end, lane, undefined, undefined));
        break;
      }
      case "instant":
        this.#packet(out, e.t, (w) => {
          header(w, TYPE.instant, track.uuid, e.name, e.args);
          for (const id of e.flowsOut ?? []) w.tag(EVENT.flowIds, WireType.Bit64).fixed64(id);
          for (const id of e.flowsIn ?? []) w.tag(EVENT.endingFlowIds, WireType.Bit64).fixed64(id);
        });
        break;
      case "counter":
        this.#packet(out, e.t, (w) => {
          header(w, TYPE.counter, track.uuid, undefined, undefined);
          w.tag(EVENT.counterValue, WireType.Bit64).double(e.value);
        });
    }
    return out.finish();
  }

  #track(e: TimelineEvent, out: BinaryWriter): Track {
    let track = this.#tracks.get(e.track);
    if (track === undefined) {
      track = { uuid: this.#describe(out, e.track, 0, e.type === "counter"), free: [], running: new Map() };
      this.#tracks.set(e.track, track);
    }
    return track;
  }

  #describe(out: BinaryWriter, name: string, parent: number, counter: boolean): number {
    const uuid = ++this.#uuids;
    out.tag(TRACE.packet, WireType.LengthDelimited).fork();
    out.tag(PACKET.sequenceId, WireType.Varint).uint32(SEQUENCE);
    out.tag(PACKET.trackDescriptor, WireType.LengthDelimited).fork();
    out.tag(DESCRIPTOR.uuid, WireType.Varint).uint64(uuid);
    out.tag(DESCRIPTOR.name, WireType.LengthDelimited).string(name);
    if (parent !== 0) out.tag(DESCRIPTOR.parentUuid, WireType.Varint).uint64(parent);
    if (counter) out.tag(DESCRIPTOR.counter, WireType.LengthDelimited).fork().join();
    out.join().join();
    return uuid;
  }

  #packet(out: BinaryWriter, t: number, body: (w: BinaryWriter) => void): void {
    out.tag(TRACE.packet, WireType.LengthDelimited).fork();
    out.tag(PACKET.timestamp, WireType.Varint).uint64(BigInt(Math.round(t)));
    out.tag(PACKET.sequenceId, WireType.Varint).uint32(SEQUENCE);
    out.tag(PACKET.trackEvent, WireType.LengthDelimited).fork();
    body(out);
    out.join().join();
  }
}

function header(
  w: BinaryWriter,
  type: number,
  track: number,
  name: string | undefined,
  args: TimelineArgs | undefined,
): void {
  for (const [key, value] of Object.entries(args ?? {})) {
    w.tag(EVENT.annotations, WireType.LengthDelimited).fork();
    if (typeof value === "boolean") w.tag(ANNOTATION.bool, WireType.Varint).bool(value);
    else if (typeof value === "string") w.tag(ANNOTATION.string, WireType.LengthDelimited).string(value);
    else if (typeof value === "bigint")
      w.tag(ANNOTATION.pointer, WireType.Varint).uint64(BigInt.asUintN(64, value));
    else if (Number.isSafeInteger(value)) w.tag(ANNOTATION.int, WireType.Varint).int64(value);
    else w.tag(ANNOTATION.double, WireType.Bit64).double(value);
    w.tag(ANNOTATION.name, WireType.LengthDelimited).string(key);
    w.join();
  }
  w.tag(EVENT.type, WireType.Varint).int32(type);
  w.tag(EVENT.trackUuid, WireType.Varint).uint64(track);
  if (name !== undefined) w.tag(EVENT.name, WireType.LengthDelimited).string(name);
}
