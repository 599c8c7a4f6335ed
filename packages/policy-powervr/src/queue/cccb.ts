import type { Errno, Holder, Steps } from "@gpuvm/core";
import type { PvrDevice } from "../device.ts";
import { createFwObject, unmapAndDestroyFwObject } from "../gem/fw-object.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";

/** Bytes of a CCCB: `CTX_*_CCCB_SIZE_LOG2` is 15 for each type. */
const SIZE = 2 ** 15;
/** Bytes of a command's header (`struct rogue_fwif_ccb_cmd_header`), and of a padding command. */
const HEADER = 40;
/** Bytes of one wait or signal (`struct rogue_fwif_ufo`), and how many a command takes (`ROGUE_FWIF_CCB_CMD_MAX_UFOS`). */
const UFO = 8;
const MAX_UFOS = 64;
/** Bytes of the command of a job, by type: geometry, fragment, compute, transfer (`struct rogue_fwif_cmd_*`). */
const COMMAND: readonly number[] = [112, 480, 96, 192];

/** The ring through which a queue gives jobs to the firmware (`struct pvr_cccb`). */
export class Cccb {
  readonly ctrl: PvrFwObject;
  readonly ring: PvrFwObject;
  /** Where the next command goes. */
  writeOffset = 0;
  /** How far the firmware is (`ctrl->read_offset`). */
  readOffset = 0;

  /** An empty ring. */
  constructor(ctrl: PvrFwObject, ring: PvrFwObject) {
    this.ctrl = ctrl;
    this.ring = ring;
  }

  /** Whether commands of so many bytes fit now (`pvr_cccb_cmdseq_fits`). */
  fits(bytes: number): boolean {
    const remaining = SIZE - this.writeOffset;
    const needed = bytes + HEADER > remaining ? bytes + remaining : bytes;
    const space = (this.readOffset - this.writeOffset + SIZE - 1) & (SIZE - 1);
    return space >= needed;
  }

  /** Writes commands; they fit. @returns where the firmware is when it has done them */
  write(bytes: number): number {
    if (bytes + HEADER > SIZE - this.writeOffset) this.writeOffset = 0;
    this.writeOffset += bytes;
    return this.writeOffset;
  }
}

/** Whether commands of so many bytes can ever fit (`pvr_cccb_cmdseq_can_fit`). */
export function canFit(bytes: number): boolean {
  return bytes + HEADER <= SIZE / 2;
}

/** Bytes of the commands of a job that waits for so many others (`job_cmds_size`). */
export function jobCommandsSize(type: number, waits: number): number {
  return ufoCommandsSize(waits) + HEADER + (COMMAND[type] ?? 0) + ufoCommandsSize(1);
}

function ufoCommandsSize(ufos: number): number {
  const full = Math.floor(ufos / MAX_UFOS);
  const rest = ufos % MAX_UFOS;
  return full * (HEADER + MAX_UFOS * UFO) + (rest > 0 ? HEADER + rest * UFO : 0);
}

/** `pvr_cccb_init`: two objects of the firmware's, mapped for the CPU, too; -ENOMEM or -ENOSPC. */
export function* createCccb(pvr: PvrDevice, holder: Holder): Steps<Cccb | Errno> {
  const ctrl = yield* createFwObject(pvr, 4096, holder, "mapped");
  if (typeof ctrl === "number") return ctrl;
  const ring = yield* createFwObject(pvr, SIZE, holder, "mapped");
  if (typeof ring !== "number") return new Cccb(ctrl, ring);
  yield* unmapAndDestroyFwObject(pvr, ctrl, holder);
  return ring;
}

/** `pvr_cccb_fini`. */
export function* destroyCccb(pvr: PvrDevice, cccb: Cccb, holder: Holder): Steps<void> {
  yield* unmapAndDestroyFwObject(pvr, cccb.ring, holder);
  yield* unmapAndDestroyFwObject(pvr, cccb.ctrl, holder);
}
