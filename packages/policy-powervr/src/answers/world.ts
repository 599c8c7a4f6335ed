import { BadLine } from "@gpuvm/conformance";
import { type DrmGpuvm, type DrmGpuvmBo, type Errno, type Steps, Task } from "@gpuvm/core";
import { type Driver, Machine, type Request } from "@gpuvm/drm-model";
import { start } from "../driver.ts";
import type { PvrFile } from "../file.ts";
import type { PvrBo } from "../gem/bo.ts";
import { type PvrVariant, VARIANTS } from "../variants.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";
import { Numbers } from "./numbers.ts";

/** EBADF: what the recorder answers for a number that it does not know, without asking the driver. */
const EBADF = 9;

type WithoutPlace<R> = R extends Request ? Omit<R, "t" | "f"> : never;

/** A machine with the driver on it, and the numbers that the recorder gave to what is there. */
export class World {
  readonly machine: Machine = new Machine();
  readonly driver: Driver;
  readonly files: Map<number, PvrFile> = new Map();
  readonly bos: Numbers<PvrBo> = new Numbers();
  readonly vms: Numbers<PvrVmContext> = new Numbers();
  /** Which file a handle, or a VM's number, is of. */
  readonly fileOfBo: Map<number, PvrFile> = new Map();
  readonly fileOfVm: Map<number, PvrFile> = new Map();
  readonly #task = new Task("program");

  /** Nothing is open. `freed` is told what is freed. */
  constructor(freed: (what: PvrBo | DrmGpuvmBo | DrmGpuvm) => void) {
    this.driver = start(VARIANTS[0] as PvrVariant, this.machine);
    this.machine.dev.onFree = (what) => {
      freed(what as PvrBo | DrmGpuvmBo | DrmGpuvm);
    };
  }

  /** Opens a file. */
  open(id: number): void {
    this.files.set(id, this.driver.open(id) as PvrFile);
  }

  /** The file with a number, which must be open. */
  file(id: number): PvrFile {
    const file = this.files.get(id);
    if (file === undefined) throw new BadLine(`file ${id} is not open`);
    return file;
  }

  /** Asks the driver; -EBADF where the recorder has no file for it. */
  ask(file: PvrFile | undefined, request: WithoutPlace<Request>): Errno {
    if (file === undefined || file.closed) return -EBADF;
    const whole = { t: 0, f: file.id, ...request } as Request;
    return this.call(this.driver.ioctl(file, whole));
  }

  /** Runs a call to its end. */
  call<T>(steps: Steps<T>): T {
    const ret = this.machine.call(steps, this.#task);
    const [hazard] = this.machine.hazards;
    if (hazard !== undefined) throw new Error(`${hazard.kind}: ${hazard.detail}`);
    return ret as T;
  }

  /** The last descriptor of a file goes. */
  close(id: number): void {
    const file = this.file(id);
    this.files.delete(id);
    this.call(this.driver.release(file));
    file.closed = true;
  }
}
