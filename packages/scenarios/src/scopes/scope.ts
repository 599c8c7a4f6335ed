import type { DriverPackage } from "@gpuvm/drm-model";
import type { Call, Scenario, ScenarioRun } from "@gpuvm/explorer";

/** A scope of one driver. */
export interface NativeScope extends Omit<Scenario, "variant" | "options" | "machine"> {
  readonly driver: DriverPackage;
  /** Of these versions of it. */
  readonly variants: readonly string[];
  /** How the hardware is, in the driver's options; default: as the driver says. */
  readonly hardware?: Readonly<Record<string, number>>;
  /** Work that takes too long times out; default: it is taken to end in time. */
  readonly timeouts?: boolean;
  /** Bytes of the device's own memory; default: as the driver says. */
  readonly vram?: number;
  /** Bytes of the host's memory that the GPU reaches at a time; default: as much as there is. */
  readonly gart?: number;
  /** Bytes of the host's memory that objects may have; default: as much as they want. */
  readonly memory?: number;
}

/** Its own work runs on what the program unmaps. */
export const OWN_FAULT = {
  "gpu-fault": "the program unmaps, in part or whole, what its own work uses",
} as const;

/** A call that must be refused: `check` with {@link refused} asks for it. */
export function mustFail(call: Call): Call {
  return {
    label: `${call.label}, to be refused`,
    refused: true,
    *run(world) {
      const ret = yield* call.run(world);
      if (ret === 0) world.bag.set("not refused", call.label);
      return ret;
    },
  };
}

/** Whether a call was let through that must not be. */
export function refused(world: ScenarioRun): string | null {
  const label = world.bag.get("not refused");
  return typeof label === "string" ? `${label} is let through` : null;
}

/** A dma-buf of a buffer of file 0 must not be had. */
export function mustNotLeave(bo: number): Call {
  return {
    label: `export bo ${bo}, to be refused`,
    *run(world) {
      const dmaBuf = world.driver.prime?.exportBo(world.file(0), bo) ?? null;
      if (dmaBuf !== null) world.bag.set("not refused", `the export of bo ${bo}`);
      dmaBuf?.close();
    },
  };
}

/** A frame is shown, and taken down again. */
export function flip(bo: number): Call {
  return {
    label: `flip bo ${bo}`,
    *run(world) {
      const shown = world.file(0).handles.get(bo);
      const { scanout } = world.driver;
      if (shown === undefined || scanout === undefined) return -1;
      const ret = yield* scanout.prepareFb(shown);
      if (ret === 0) yield* scanout.cleanupFb(shown);
      return ret;
    },
  };
}
