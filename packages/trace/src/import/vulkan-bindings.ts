/**
 * What reports of `VK_EXT_device_address_binding_report` mean for a driver.
 *
 * Memory is bound by the kernel; Vulkan objects lie on top of it. A report of an object whose addresses lie in memory that is
 * bound is a layer: it asks nothing of the kernel. A buffer or image that lies in no memory is a range that was reserved for
 * sparse binding: a mapping of no object. Drivers report buffers of their own under the object that they are for, many
 * under the one device: those are told apart by their address.
 */
import { MappingSet } from "../mapping-set.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";

/** Objects that never have memory of their own. */
const LAYERS: ReadonlySet<string> = new Set(["BUFFER", "IMAGE", "BUFFER_VIEW", "IMAGE_VIEW"]);

interface Live {
  readonly kind: "memory" | "layer" | "reserved";
  readonly va: number;
  readonly length: number;
}

/** Keeps what is bound. */
export class VulkanBindings {
  readonly #build: NeutralBuilder;
  readonly #live = new Map<string, Live>();
  /** The ranges of memory, so that layers can be told. */
  readonly #memory = new MappingSet();
  /** Buffers under each key: how many of their ranges are bound. */
  readonly #ranges = new Map<string, number>();

  constructor(build: NeutralBuilder) {
    this.#build = build;
  }

  /** A bind. `type` is without `VK_OBJECT_TYPE_`. Gives what it was taken for. */
  bind(type: string, handle: string, va: number, length: number, line: number): Live["kind"] {
    const key = `${type} ${handle} ${va}`;
    const inMemory = this.#memory.at(va);
    const kind =
      type !== "DEVICE_MEMORY" && inMemory !== undefined && va + length <= inMemory.end
        ? "layer"
        : LAYERS.has(type)
          ? "reserved"
          : "memory";
    // Reported twice: the first was never told to end.
    if (this.#live.has(key)) this.unbind(type, handle, va, length);
    this.#live.set(key, { kind, va, length });
    if (kind === "layer") return kind;
    const vm = this.#build.vm("device");
    if (kind === "reserved") {
      this.#build.bind(vm, "map_null", 0, 0, va, length);
      return kind;
    }
    const buffer = bufferOf(type, handle, va);
    this.#ranges.set(buffer, (this.#ranges.get(buffer) ?? 0) + 1);
    this.#build.bind(vm, "map", this.#build.bo(buffer, length), 0, va, length);
    this.#memory.map(va, length, 1, 0, line);
    return kind;
  }

  /** An unbind. Of what was never bound, it is taken for one of memory, or of nothing if it lies in memory. */
  unbind(type: string, handle: string, va: number, length: number): Live["kind"] {
    const key = `${type} ${handle} ${va}`;
    const live = this.#live.get(key);
    this.#live.delete(key);
    const kind = live?.kind ?? (LAYERS.has(type) && this.#memory.at(va) !== undefined ? "layer" : "memory");
    if (kind === "layer") return kind;
    this.#build.bind(this.#build.vm("device"), "unmap", 0, 0, va, live?.length ?? length);
    if (kind === "reserved") return kind;
    this.#memory.unmap(va, live?.length ?? length);
    const buffer = bufferOf(type, handle, va);
    const left = (this.#ranges.get(buffer) ?? 1) - 1;
    if (left > 0) this.#ranges.set(buffer, left);
    else {
      this.#ranges.delete(buffer);
      this.#build.boClose(buffer);
    }
    return kind;
  }
}

/** Memory is one buffer however many ranges it has; everything else is a buffer for each address. */
function bufferOf(type: string, handle: string, va: number): string {
  return type === "DEVICE_MEMORY" ? `memory ${handle}` : `${type} ${handle} ${va}`;
}
