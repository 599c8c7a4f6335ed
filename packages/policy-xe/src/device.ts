import { type BoOwnership, type DrmGpuvm, Lock } from "@gpuvm/core";
import { GpuEngine, type Machine } from "@gpuvm/drm-model";
import type { XeVm } from "./vm.ts";

/** The device (`struct xe_device`), as far as the rest of the driver needs it. */
export interface Xe {
  /** The machine it runs on. */
  readonly machine: Machine;
  /** Whether its VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** Defects it is run with. */
  readonly defects: ReadonlySet<string>;
  /** Protects the lists of each client's buffers (`client->bos_lock`); a spinlock, one for all clients here. */
  readonly bosLock: Lock;
  /** The driver's VMs of gpuvms (`gpuvm_to_vm`). */
  readonly vms: WeakMap<DrmGpuvm, XeVm>;
  /** The ring of an engine class. */
  engine(engineClass: number): GpuEngine;
}

/** A device on a machine. */
export function xeDevice(machine: Machine, boOwnership: BoOwnership, defects: ReadonlySet<string>): Xe {
  const engines = new Map<number, GpuEngine>();
  return {
    machine,
    boOwnership,
    defects,
    bosLock: new Lock("client bos_lock", "xe client bos_lock", machine.dev.lockdep),
    vms: new WeakMap(),
    engine(engineClass) {
      let engine = engines.get(engineClass);
      if (engine === undefined) {
        engine = new GpuEngine(machine, "xe ring");
        engines.set(engineClass, engine);
      }
      return engine;
    },
  };
}
