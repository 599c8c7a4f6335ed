import type { BoOwnership, Errno, ReferencePolicy, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import type { Bo } from "../memory/bo.ts";
import type { CpuMapping } from "../memory/cpu-mapping.ts";
import type { NeutralRequest } from "../neutral-request.ts";
import type { Request, TraceHeader } from "../request.ts";
import type { DmaBuf } from "./dma-buf.ts";
import type { DrmFile } from "./file.ts";

/**
 * A driver, running on a machine: what its uAPI answers. One closure that returns one object, without inheritance.
 * Optional members are roles that not every driver has.
 */
export interface Driver {
  /** What it declares of itself; with the ownership it runs with. */
  readonly policy: ReferencePolicy;
  /** Opens the device node (`drm_driver.open`). `id` is the caller's number for the file. */
  open(id: number): DrmFile;
  /**
   * Answers one request in the driver's own terms, exactly as recorded; requests that mean nothing to memory
   * (`set_name`, `cpu_map`) answer 0. `close` and `end` are not passed: see {@link Driver.release}.
   *
   * @returns 0 or -errno
   */
  ioctl(file: DrmFile, request: Request): Steps<Errno>;
  /** The program's last descriptor of the file went, or the program ended (`drm_driver.postclose`). */
  release(file: DrmFile): Steps<void>;
  /** The driver goes away, with its kernel-owned objects. Every file is released before. */
  unload(): Steps<void>;
  /** Memory pressure: gives up pages worth `bytes` (`shrinker.scan_objects`). @returns bytes given up */
  shrink?(bytes: number): Steps<number>;
  /** Somebody reads what a file uses (`drm_driver.show_fdinfo`). */
  fdinfo?(file: DrmFile): Steps<void>;
  /** The display side, if the driver has one. */
  readonly scanout?: Scanout;
  /** Buffers between processes. */
  readonly prime?: Prime;
  /** Objects in programs' address spaces, if the driver takes their pages from there, too. */
  readonly cpu?: CpuAccess;
  /** What can go wrong with the GPU, if the driver knows what to do then. */
  readonly gpu?: GpuFaults;
  /** Objects of the kernel's own, if the driver maps such. */
  readonly kernelBos?: KernelBos;
}

/** Objects that the kernel makes for itself and keeps mapped: rings, firmware, a cursor or command buffer of the display. */
export interface KernelBos {
  /** Makes one, pinned and mapped in the driver's VM for that purpose; null for -ENOMEM. */
  create(size: number, vm: "kernel" | "scanout"): Steps<Bo | null>;
  /** Unpins one, and gives it up. */
  put(bo: Bo, vm: "kernel" | "scanout"): Steps<void>;
}

/** What a program does with objects that it has mapped for the CPU. No trace tells of it: for scenarios. */
export interface CpuAccess {
  /** Maps a handle's object; -errno: the driver refuses. */
  map(file: DrmFile, handle: number): Steps<CpuMapping | Errno>;
  /** Touches what it mapped: a fault, if its page tables lead nowhere. 0, or -EFAULT: the program gets SIGBUS. */
  touch(mapping: CpuMapping): Steps<Errno>;
}

/** What a GPU does that no request asks for: for scenarios, where each is a step. */
export interface GpuFaults {
  /** The job at hand, or else the next, never ends. The driver has to find it, and to get the GPU going again. */
  hang(): void;
  /** The job at hand meets an address that leads nowhere, and goes on; absent: the driver makes nothing of it. */
  fault?(): void;
}

/** Showing buffers on a display whose mappings the driver keeps. */
export interface Scanout {
  /** A framebuffer over an object is made ready (`prepare_fb`): pins, and maps where the display looks. */
  prepareFb(bo: Bo): Steps<Errno>;
  /** The framebuffer is no longer shown (`cleanup_fb`). */
  cleanupFb(bo: Bo): Steps<void>;
}

/** Exporting and importing buffers between files of the same device. */
export interface Prime {
  /** Makes a dma-buf of a handle's object; null: the object must not leave. */
  exportBo(file: DrmFile, handle: number): DmaBuf | null;
  /** Makes a handle for a dma-buf; 0 or -errno. */
  importBo(file: DrmFile, dmaBuf: DmaBuf, handle: number): Steps<Errno>;
  /**
   * Makes a second handle of the same file to a handle's object, as `DRM_IOCTL_MODE_GETFB2` does; 0 or -errno. Absent:
   * the driver has nothing to do at the opening of a handle, and {@link DrmFile.publish} is all.
   */
  openAgain?(file: DrmFile, handle: number, second: number): Steps<Errno>;
}

/** How a variant is run. */
export interface DriverOptions {
  /** Whether its VMs count their objects; default: the variant's own way. */
  readonly boOwnership?: BoOwnership;
  /**
   * Names of defects to run with: each a bug that the driver once had, by its number in the catalogue. The driver asks
   * `options.defects?.has("X4")` at the one place where the defect was; default: none.
   */
  readonly defects?: ReadonlySet<string>;
  /** Names of repairs to run with: changes to a rule that no kernel has, tried on the model; default: none. */
  readonly repairs?: ReadonlySet<string>;
}

/** One version of a driver. */
export interface DriverVariant {
  /** What it declares of itself. */
  readonly policy: ReferencePolicy;
  /** Starts it on a machine. */
  start(machine: Machine, options?: DriverOptions): Driver;
  /** What a well-behaved user-mode driver asks of it. */
  readonly userspace: Userspace;
}

/** What a policy package exports. */
export interface DriverPackage {
  /** The driver's name. */
  readonly name: string;
  /** Its versions by name. */
  readonly variants: Readonly<Record<string, DriverVariant>>;
  /** The version used when none is named. */
  readonly defaultVariant: string;
}

/** How programs speak to a driver: both ways between the driver's own requests and neutral ones. */
export interface Userspace {
  /** Whether a trace of this driver can be replayed on this variant as it is, without translation. */
  speaks(header: TraceHeader, requests: readonly Request[]): boolean;
  /** Reads the driver's own requests: what did the program want? Stateful: one per trace. */
  lift(header: TraceHeader): Lifter;
  /** Phrases neutral requests as a well-behaved program of this driver would. Stateful: one per trace. */
  lower(): Lowerer;
}

/** Own requests to neutral ones. An address that the kernel chose is given one of the lifter's choice. */
export type Lifter = (request: Request) => readonly NeutralRequest[];

/** Neutral requests to own ones. */
export type Lowerer = (request: NeutralRequest) => readonly Request[];
