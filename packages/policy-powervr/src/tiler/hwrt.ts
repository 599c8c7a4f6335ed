import { type Counted, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { createFwObject, destroyFwObject, type PvrFwObject } from "../gem/fw-object.ts";
import { getFreeList, type PvrFreeList, putFreeList } from "./free-list.ts";

/**
 * A render target (`struct pvr_hwrt_dataset`): its firmware object is the one thing that jobs fence. Holds its free
 * lists; the file's handle and each job that renders to it hold it.
 */
export interface PvrHwrt extends Counted {
  /** References. */
  refs: number;
  readonly fw: PvrFwObject;
  readonly freeLists: readonly PvrFreeList[];
}

/** `pvr_hwrt_dataset_create`; -ENOMEM. */
export function* createHwrt(
  pvr: PvrDevice,
  freeLists: readonly PvrFreeList[],
  holder: Holder,
): Steps<PvrHwrt | Errno> {
  const { dev } = pvr;
  yield* preempt(dev, "alloc", "pvr_hwrt_dataset_create");
  if (!dev.mayAlloc("pvr_hwrt_dataset")) return -ENOMEM;
  const self = { name: `file#${dev.serial()} (HWRT dataset)` };
  for (const list of freeLists) getFreeList(pvr, list, self);
  const fw = yield* createFwObject(pvr, 4096, self);
  if (typeof fw === "number") {
    for (const list of freeLists) yield* putFreeList(pvr, list, self);
    return fw;
  }
  const hwrt: PvrHwrt = { name: self.name, refs: 1, fw, freeLists };
  dev.ledger?.get(hwrt, holder);
  return hwrt;
}

/** Takes a reference. */
export function getHwrt(pvr: PvrDevice, hwrt: PvrHwrt, holder: Holder): void {
  hwrt.refs++;
  pvr.dev.ledger?.get(hwrt, holder);
}

/** `pvr_hwrt_dataset_put`; the last one gives everything back (`pvr_hwrt_dataset_release`). */
export function* putHwrt(pvr: PvrDevice, hwrt: PvrHwrt, holder: Holder): Steps<void> {
  pvr.dev.ledger?.put(hwrt, holder);
  if (--hwrt.refs > 0) return;
  yield* destroyFwObject(pvr, hwrt.fw, hwrt);
  for (const list of hwrt.freeLists) yield* putFreeList(pvr, list, hwrt);
}
