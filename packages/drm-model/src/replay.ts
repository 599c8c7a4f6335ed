import { type Errno, type Steps, Task } from "@gpuvm/core";
import { Machine, type MachineOptions } from "./machine/machine.ts";
import type { Request } from "./request.ts";
import type { Driver, DriverOptions, DriverVariant } from "./uapi/driver.ts";
import type { DrmFile, FileEnd } from "./uapi/file.ts";

/** What was still there after a close, by kind. */
export interface LeftBehind {
  /** Objects. */
  bos: number;
  /** Their bytes. */
  bytes: number;
  /** VMs not freed. */
  vms: number;
  /** Links of VM and object. */
  vmBos: number;
  /** Mappings. */
  vas: number;
}

/** An open file, and who makes its calls. */
interface Opened {
  readonly id: number;
  readonly file: DrmFile;
  readonly task: Task;
}

/**
 * Replays requests on one driver: keeps the files, lets virtual time follow the requests, and closes everything as
 * the kernel does when a program ends.
 */
export class Replay {
  /** The machine. */
  readonly machine: Machine;
  /** The driver. */
  readonly driver: Driver;
  /** What was left when the last file was closed and all work done; null until {@link Replay.finish}. */
  leftAtFileClose: LeftBehind | null = null;
  /** What was left when the driver was gone. */
  leftAtDeviceClose: LeftBehind | null = null;
  readonly #files = new Map<number, Opened>();
  /** The file that made the last request: most are of one. */
  #last: Opened | null = null;
  /** The request at hand, and whose it is. */
  #request: Request | null = null;
  #from: DrmFile | null = null;
  readonly #ioctl = (): Steps<Errno> => this.driver.ioctl(this.#from as DrmFile, this.#request as Request);
  #timeBase = 0;
  #fileBase = 0;
  #nextFile = 0;

  /** Starts a driver on a new machine. */
  constructor(variant: DriverVariant, machine: MachineOptions = {}, options: DriverOptions = {}) {
    this.machine = new Machine(machine);
    this.driver = variant.start(this.machine, options);
  }

  /**
   * Begins a trace: its time 0 is now, and its files are new ones. Once before each trace when several are replayed
   * on one machine; freed VMs of earlier ones are forgotten.
   */
  begin(): void {
    this.machine.forgetFreedVms();
    this.#timeBase = this.machine.now;
    this.#fileBase = this.#nextFile;
  }

  /** Answers one request at its time, or later if the one before it took longer; 0 or -errno. */
  request(request: Request): Errno {
    const { machine } = this;
    const at = request.t + this.#timeBase;
    const file = request.f + this.#fileBase;
    if (at > machine.now) machine.advanceTo(at);
    machine.counts.requests++;
    if (request.op === "end") return 0;
    if (request.op === "close") {
      this.close(file);
      return 0;
    }
    const from = this.#opened(file);
    this.#from = from.file;
    this.#request = request;
    const ret = machine.call(this.#ioctl, from.task) ?? 0;
    if (ret !== 0) machine.counts.errors++;
    return ret;
  }

  /** The file with a number; opened when first named. */
  file(id: number): DrmFile {
    return this.#opened(id).file;
  }

  /** Closes a file as the kernel does when its last descriptor goes: the program closed it, or ended in some way. */
  close(id: number, ending: FileEnd = "close"): void {
    const opened = this.#files.get(id);
    if (opened === undefined) return;
    const { file, task } = opened;
    const { machine } = this;
    for (const record of machine.vms) if (record.file === id) record.finalMappings ??= record.programMappings;
    const began = machine.now;
    file.ending = ending;
    machine.memory.exiting = true;
    machine.call(() => this.driver.release(file), task);
    machine.memory.exiting = false;
    file.closed = true;
    machine.counts.fileCloseWaitNs.add(machine.now - began);
    this.#files.delete(id);
    this.#last = null;
  }

  /** The program is over: files still open are closed, as the kernel does, and all work is done. */
  closeFiles(): void {
    for (const id of [...this.#files.keys()]) this.close(id, "exit");
    this.machine.memory.exiting = true;
    this.machine.quiesce();
    this.machine.memory.exiting = false;
  }

  /** The files are closed, and the driver goes. */
  finish(): void {
    const { machine } = this;
    this.closeFiles();
    this.leftAtFileClose = leftBehind(machine);
    machine.call(() => this.driver.unload());
    machine.quiesce();
    this.leftAtDeviceClose = leftBehind(machine);
  }

  #opened(id: number): Opened {
    if (this.#last?.id === id) return this.#last;
    let opened = this.#files.get(id);
    if (opened === undefined) {
      opened = { id, file: this.driver.open(id), task: new Task(`process of file ${id}`) };
      this.#files.set(id, opened);
      if (id >= this.#nextFile) this.#nextFile = id + 1;
    }
    this.#last = opened;
    return opened;
  }
}

/** What is there on a machine now. */
export function leftBehind(machine: Machine): LeftBehind {
  const left: LeftBehind = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };
  for (const bo of machine.memory.objects) {
    left.bos++;
    left.bytes += bo.size;
    left.vmBos += bo.gpuva.length;
  }
  for (const record of machine.vms) {
    if (record.freed) continue;
    left.vms++;
    left.vas += record.mappings;
  }
  return left;
}
