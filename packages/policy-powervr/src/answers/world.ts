import { BadLine, Numbers } from "@gpuvm/conformance";
import type { Counted, Errno, Steps } from "@gpuvm/core";
import { type CountedFence, type Driver, Machine, type SyncObj } from "@gpuvm/drm-model";
import type { PvrDevice, PvrEvent } from "../device.ts";
import { ioctl, startOn } from "../driver.ts";
import type { PvrFile } from "../file.ts";
import type { PvrBo } from "../gem/bo.ts";
import type { PvrJob } from "../queue/job.ts";
import type { PvrContext } from "../queue/pvr-context.ts";
import type { PvrRequest } from "../requests.ts";
import { type PvrVariant, VARIANTS } from "../variants.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";
import { Calls } from "./calls.ts";
import { ToldHardware } from "./hardware.ts";

/** What the recorder answers for a number that it does not know, without asking the driver: -EBADF. */
export const UNKNOWN = -9;

/** A machine with the driver on it, and the numbers that the recorder gave to what is there. */
export class World {
  readonly machine: Machine = new Machine({ timeouts: true });
  readonly hardware: ToldHardware = new ToldHardware();
  readonly driver: Driver;
  readonly pvr: PvrDevice;
  readonly calls: Calls;
  readonly files: Map<number, PvrFile> = new Map();
  readonly bos: Numbers<PvrBo> = new Numbers();
  readonly vms: Numbers<PvrVmContext> = new Numbers();
  readonly contexts: Numbers<PvrContext> = new Numbers();
  readonly jobs: Numbers<PvrJob> = new Numbers();
  /** Which file a number of a handle, a VM or another thing is of: `bo 3`. */
  readonly owners: Map<string, PvrFile> = new Map();
  readonly syncobjs: Map<number, SyncObj> = new Map();
  /** Fences that are not of the driver, by the syncobj that they were put into. */
  readonly foreign: Map<number, CountedFence[]> = new Map();

  /** Nothing is open. */
  constructor(freed: (what: Counted) => void, trace: (event: PvrEvent) => void) {
    const started = startOn(this.hardware, VARIANTS[0] as PvrVariant, this.machine);
    this.driver = started.driver;
    this.pvr = started.pvr;
    this.calls = new Calls(this.machine);
    this.machine.dev.onFree = freed;
    this.pvr.trace = trace;
  }

  /** Opens a file. */
  open(id: number): void {
    this.files.set(id, this.driver.open(id) as PvrFile);
  }

  /** The file with a number, which must have been opened. */
  file(id: number): PvrFile {
    const file = this.files.get(id);
    if (file === undefined) throw new BadLine(`file ${id} was not opened`);
    return file;
  }

  /** Asks the driver; the recorder's own answer where it has no file for it. Null: the call has to wait. */
  ask(file: PvrFile | undefined, request: PvrRequest): Errno | null {
    return file === undefined || file.closed ? UNKNOWN : this.calls.begin(ioctl(this.pvr, file, request));
  }

  /** Runs a call that waits for nothing. */
  call<T>(steps: Steps<T>): T {
    return this.machine.call(steps) as T;
  }

  /** What a thing with a number is of. */
  owner(kind: string, number: number): PvrFile | undefined {
    return this.owners.get(`${kind} ${number}`);
  }

  /** A rule that was broken is no answer. */
  check(): void {
    const [hazard] = this.machine.hazards;
    if (hazard !== undefined) throw new Error(`${hazard.kind}: ${hazard.detail}`);
  }
}
