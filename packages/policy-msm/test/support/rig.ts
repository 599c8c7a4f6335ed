import type { Errno, Steps } from "@gpuvm/core";
import {
  type BindOp,
  type DriverOptions,
  type LeftBehind,
  type MachineOptions,
  Replay,
  type Request,
} from "@gpuvm/drm-model";
import type { MsmDriver } from "../../src/drv/driver.ts";
import type { MsmFile } from "../../src/drv/file.ts";
import type { MsmBo } from "../../src/gem/bo.ts";
import { msm } from "../../src/package.ts";

export const NOTHING: LeftBehind = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };
export const MS = 1_000_000;

/** A request without time and file. */
export type Ask = Request extends infer R ? (R extends Request ? Omit<R, "t" | "f"> : never) : never;

/** A running variant, with all checks on, to be spoken to in short. */
export class Rig {
  readonly replay: Replay;
  readonly driver: MsmDriver;

  constructor(variant: string, options: DriverOptions & MachineOptions = {}) {
    const found = msm.variants[variant];
    if (found === undefined) throw new Error(`no variant ${variant}`);
    const { boOwnership, defects, ...machine } = options;
    const driver = { ...(boOwnership && { boOwnership }), ...(defects && { defects }) };
    this.replay = new Replay(found, { audit: true, lockdep: true, ...machine }, driver);
    this.driver = this.replay.driver as MsmDriver;
  }

  get machine() {
    return this.replay.machine;
  }
  get dev() {
    return this.replay.machine.dev;
  }
  get hazards(): string[] {
    return this.machine.hazards.map(({ kind }) => kind);
  }

  ask(request: Ask, f = 0): Errno {
    return this.replay.request({ ...request, t: this.machine.now, f } as Request);
  }
  call<T>(steps: Steps<T>): T {
    return this.machine.call(steps) as T;
  }
  file(f = 0): MsmFile {
    return this.replay.file(f) as MsmFile;
  }
  bo(handle: number, f = 0): MsmBo {
    return this.file(f).handles.get(handle) as MsmBo;
  }
  /** A buffer of 64 KiB. */
  create(bo: number, f = 0, flags = 0x20000, size = 65536): Errno {
    return this.ask({ op: "gem_new", bo, size, flags }, f);
  }
  submit(
    bos: readonly number[],
    f = 0,
    more: { queue?: number; flags?: number; fence?: number } = {},
  ): Errno {
    return this.ask({ op: "submit", bos, writes: bos.map((_, i) => i), cmds: 1, ...more }, f);
  }
  closeBo(bo: number, f = 0): Errno {
    return this.ask({ op: "gem_close", bo }, f);
  }
  /** Opts in, and makes queue 9 for binds. */
  vmBind(f = 0): void {
    this.ask({ op: "enable_vm_bind" }, f);
    this.ask({ op: "queue_new", queue: 9, flags: 2 }, f);
  }
  bind(ops: readonly Partial<BindOp>[], f = 0, queue = 9): Errno {
    const whole = { kind: "map" as const, bo: 0, boOffset: 0, va: 0, length: 65536, flags: 0 };
    return this.ask({ op: "vm_bind", queue, in: 0, out: 0, ops: ops.map((op) => ({ ...whole, ...op })) }, f);
  }
  pass(ns: number): void {
    this.machine.advanceTo(this.machine.now + ns);
  }
  /** Closes everything; what is left behind when the driver is gone. */
  finish(): LeftBehind | null {
    this.replay.finish();
    return this.replay.leftAtDeviceClose;
  }
}
