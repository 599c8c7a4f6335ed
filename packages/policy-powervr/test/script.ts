import type { DriverVariant, MachineOptions, Request } from "@gpuvm/drm-model";
import { CountedFence, Replay, SyncObj } from "@gpuvm/drm-model";
import type { PvrFile } from "../src/file.ts";
import { powervr } from "../src/index.ts";
import type { PvrOwnRequest } from "../src/requests.ts";

/** A request without time and file. */
export type Line = Request extends infer R
  ? R extends Request
    ? Omit<R, "t" | "f"> & { f?: number }
    : never
  : never;

/** A variant by name. */
export function variant(name: string): DriverVariant {
  const found = powervr.variants[name];
  if (found === undefined) throw new Error(`no variant ${name}`);
  return found;
}

/** A driver that answers requests one after the other, without time between them. */
export class Script {
  readonly replay: Replay;

  constructor(
    name = "mainline",
    options: MachineOptions = { audit: true, lockdep: true },
    defects: string[] = [],
  ) {
    this.replay = new Replay(variant(name), options, { defects: new Set(defects) });
  }

  /** Answers; each 0 or -errno. */
  run(...lines: Line[]): number[] {
    return lines.map((line) => this.replay.request({ t: 0, f: 0, ...line } as Request));
  }

  /** Answers a call that traces do not hold. */
  ask(request: PvrOwnRequest, file = 0): number {
    const { machine, driver } = this.replay;
    return machine.call(driver.ioctl(this.replay.file(file), request as unknown as Request)) as number;
  }

  /** A syncobj of the file, empty or with a fence that is not of the driver. */
  syncobj(handle: number, fence: CountedFence | null = null): SyncObj {
    const syncobj = new SyncObj(`syncobj#${handle}`);
    (this.replay.file(0) as PvrFile).syncobjs.set(handle, syncobj);
    syncobj.replace(fence);
    return syncobj;
  }

  /** A fence that signals when the test says so. */
  gate(): CountedFence {
    const { machine } = this.replay;
    return new CountedFence(machine.dev, machine.fence(machine.fenceContext(), 1), "gate", "test", () => {});
  }

  /** Names of the kinds of what was found. */
  get hazards(): string[] {
    return this.replay.machine.hazards.map(({ kind }) => kind);
  }
}

/** First address of the general heap. */
export const HEAP = 0x80_0000_0000;

export function map(bo: number, va: number, length: number, boOffset = 0, vm = 1): Line {
  return { op: "vm_bind", vm, ops: [{ kind: "map", bo, boOffset, va, length, flags: 0 }] };
}

export function unmap(va: number, length: number, vm = 1): Line {
  return { op: "vm_bind", vm, ops: [{ kind: "unmap", bo: 0, boOffset: 0, va, length, flags: 0 }] };
}
