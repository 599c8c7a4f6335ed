import type { DrmDevice } from "./device.ts";
import { GpuvmError } from "./error.ts";
import type { Counted, Holder } from "./ledger.ts";
import { List } from "./list.ts";
import { Lock } from "./lock.ts";
import { GPUVA_CLASS } from "./lockdep.ts";
import { DmaResv } from "./resv.ts";

/** A link to a VM as its object knows it: `DrmGpuvmBo` is the only one, and `gemVmBos` gives it as that. */
export interface GemLink extends Counted {
  /** References. */
  readonly refs: number;
  /** First linked VA, or 0. */
  readonly vaHead: number;
  /** Linked VAs. */
  readonly vaCount: number;
}

/** What a driver does with an object (`struct drm_gem_object_funcs`). */
export interface GemFuncs {
  /** The last reference went (`drm_gem_object_free`). Runs where the put ran. */
  free(obj: DrmGemObject): void;
}

/** How an object is made. */
export interface GemOptions {
  /** Bytes. */
  readonly size?: number;
  /** The reservation object to share (that of a VM, for private objects); default: its own. */
  readonly resv?: DmaResv | undefined;
  /** The driver's hooks; default: none. */
  readonly funcs?: GemFuncs;
  /** Who holds the first reference. */
  readonly holder?: Holder | undefined;
  /** Name in findings; default `bo#` and the serial number. */
  readonly name?: string;
}

/**
 * A buffer object (`struct drm_gem_object`), its GPUVM part.
 *
 * # Invariants
 * `refs` is 0 exactly when it was freed. `gpuva` holds each vm_bo that `gpuvmBoObtain*` made for it, in that order,
 * without counting it.
 */
export class DrmGemObject implements Counted {
  /** Unique on its device. */
  readonly id: number;
  /** Place among the living objects of its device. */
  readonly slot: number;
  /** The device. Not counted. */
  readonly dev: DrmDevice;
  /** Bytes. The core never looks at it. */
  readonly size: number;
  /** References (`kref`). */
  refs = 1;
  /** The reservation object: its own, or a VM's. */
  resv: DmaResv;
  /** The links to VMs, in the order in which they came to be (`gpuva.list`); as vm_bos: `gemVmBos`. */
  readonly gpuva: List<GemLink> = new List();
  /** Protects {@link DrmGemObject.gpuva} and the VA lists in immediate mode (`gpuva.lock`, 6.18). */
  readonly gpuvaLock: Lock;
  /**
   * The driver's own lock for those lists outside of immediate mode (`drm_gem_gpuva_set_lock`, until 6.17); null: the
   * dma_resv.
   */
  gpuvaListLock: Lock | null = null;
  /** The driver's hooks. */
  readonly funcs: GemFuncs | null;
  readonly #name: string | null;

  /** A new object with one reference (`drm_gem_private_object_init`). */
  constructor(dev: DrmDevice, options: GemOptions = {}) {
    this.dev = dev;
    this.id = dev.serial();
    this.slot = dev.admit(this);
    this.#name = options.name ?? null;
    this.size = options.size ?? 0;
    this.resv = options.resv ?? new DmaResv("resv", dev.lockdep, this);
    if (options.resv === undefined) this.resv.forgets = dev.quarantine;
    this.gpuvaLock = new Lock("gpuva lock", GPUVA_CLASS, dev.lockdep, this);
    this.funcs = options.funcs ?? null;
    if (dev.ledger !== null) dev.ledger.get(this, options.holder ?? "creator");
  }

  /** `bo#3`, or what the driver called it. */
  get name(): string {
    return this.#name ?? `bo#${this.id}`;
  }

  /**
   * Takes a reference (`drm_gem_object_get`).
   *
   * @throws GpuvmError `USE_AFTER_FREE` if there is none left to copy.
   */
  get(holder: Holder): this {
    if (this.refs === 0) {
      throw new GpuvmError(
        "USE_AFTER_FREE",
        `a reference is taken on ${this.name} after its last one was put`,
        [this.name],
      );
    }
    this.refs++;
    if (this.dev.ledger !== null) this.dev.ledger.get(this, holder);
    return this;
  }

  /**
   * Drops a reference; the last one frees (`drm_gem_object_put`).
   *
   * @returns whether it was the last
   * @throws GpuvmError `REFCOUNT` if there was none.
   */
  put(holder: Holder): boolean {
    if (this.refs === 0)
      throw new GpuvmError("REFCOUNT", `the count of ${this.name} goes below 0`, [this.name]);
    if (this.dev.ledger !== null) this.dev.ledger.put(this, holder);
    if (--this.refs !== 0) return false;
    this.dev.onFree?.(this);
    if (this.funcs !== null) this.funcs.free(this);
    this.dev.release(this);
    return true;
  }
}

/** A zero-size object that supplies a VM's dma_resv (`drm_gpuvm_resv_object_alloc`). Put it after the VM was made. */
export function gpuvmResvObjectAlloc(dev: DrmDevice, funcs?: GemFuncs): DrmGemObject | null {
  if (!dev.mayAlloc("resv object")) return null;
  const hooks = funcs === undefined ? {} : { funcs };
  return new DrmGemObject(dev, { size: 0, name: `resv object #${dev.serial()}`, ...hooks });
}
