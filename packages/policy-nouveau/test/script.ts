import type { DriverOptions, DriverVariant, MachineOptions, Request } from "@gpuvm/drm-model";
import { Replay } from "@gpuvm/drm-model";
import { nouveau } from "../src/index.ts";

/** A request without time and file. */
export type Line = Request extends infer R
  ? R extends Request
    ? Omit<R, "t" | "f"> & { t?: number; f?: number }
    : never
  : never;

/** A variant by name. */
export function variant(name: string): DriverVariant {
  const found = nouveau.variants[name];
  if (found === undefined) throw new Error(`no variant ${name}`);
  return found;
}

/** A driver that answers requests one after the other. */
export class Script {
  readonly replay: Replay;

  constructor(
    name = "vm-bind",
    machine: MachineOptions = { audit: true, lockdep: true },
    options: DriverOptions = {},
  ) {
    this.replay = new Replay(variant(name), machine, options);
  }

  /** Answers; each 0 or -errno. */
  run(...lines: Line[]): number[] {
    return lines.map((line) => this.replay.request({ t: 0, f: 0, ...line } as Request));
  }

  /** Kinds of what was found. */
  get hazards(): string[] {
    return this.replay.machine.hazards.map(({ kind }) => kind);
  }
}

export const INIT: Line = { op: "vm_init", kva: 2 ** 39, ksize: 2 ** 39 };

export function gem(bo: number, size: number, domain = 6): Line {
  return { op: "gem_new", bo, size, domain };
}

export function map(bo: number, va: number, length: number, boOffset = 0, flags = 0): Line {
  return { op: "vm_bind", async: false, ops: [{ kind: "map", bo, boOffset, va, length, flags }] };
}

export function unmap(va: number, length: number, flags = 0): Line {
  return { op: "vm_bind", async: false, ops: [{ kind: "unmap", bo: 0, boOffset: 0, va, length, flags }] };
}
