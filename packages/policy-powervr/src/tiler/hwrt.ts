import { type Counted, EINVAL, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { createFwObject, destroyFwObject } from "../gem/fw-object.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import { getFreeList, MIN_PAGES, type PvrFreeList, putFreeList } from "./free-list.ts";

/** `ROGUE_FWIF_NUM_RTDATAS`: programs draw to one while the GPU still reads the other. */
const DATA_SETS = 2;

/** A job that draws to a render target. */
export interface Draws {
  readonly name: string;
  /** `DRM_PVR_JOB_TYPE_*`. */
  readonly type: number;
}

/** One of the two sets of data of a render target (`struct pvr_hwrt_data`): its firmware object is what jobs fence. */
export interface PvrHwrtData {
  readonly dataset: PvrHwrt;
  readonly fw: PvrFwObject;
  /** With layers: the shadow render target cache, and the renders accumulation array. */
  readonly layered: readonly PvrFwObject[];
  /** On a machine that watches: jobs that draw to it and have not ended, in the order in which they were submitted. */
  readonly drawing: Draws[];
}

/**
 * A render target (`struct pvr_hwrt_dataset`). Holds its free lists; the file's handle and each job that draws to it hold
 * it.
 */
export interface PvrHwrt extends Counted {
  /** References. */
  refs: number;
  readonly freeLists: readonly PvrFreeList[];
  /** What both sets have in common (`common_fw_obj`). */
  readonly common: PvrFwObject;
  readonly data: PvrHwrtData[];
}

/**
 * `pvr_hwrt_dataset_create`.
 *
 * @param freeLists the local one, then the global one
 * @returns the dataset, with a reference of `holder`; -EINVAL without free lists, or with a local one of too few pages; -ENOMEM
 */
export function* createHwrt(
  pvr: PvrDevice,
  freeLists: readonly (PvrFreeList | undefined)[],
  layers: number,
  holder: Holder,
): Steps<PvrHwrt | Errno> {
  const { dev } = pvr;
  yield* preempt(dev, "alloc", "pvr_hwrt_dataset_create");
  if (!dev.mayAlloc("pvr_hwrt_dataset")) return -ENOMEM;
  const [local, global] = freeLists;
  if (local === undefined || global === undefined || local.currentPages < MIN_PAGES) return -EINVAL;
  const name = `hwrt#${dev.serial()}`;
  const self = { name };
  for (const list of [local, global]) getFreeList(pvr, list, self);
  const common = yield* createFwObject(pvr, 4096, self);
  if (typeof common === "number") {
    for (const list of [local, global]) yield* putFreeList(pvr, list, self);
    return common;
  }
  const hwrt: PvrHwrt = { name, refs: 1, freeLists: [local, global], common, data: [] };
  while (hwrt.data.length < DATA_SETS) {
    const data = yield* createData(pvr, hwrt, layers);
    if (typeof data === "number") {
      yield* destroyParts(pvr, hwrt);
      return data;
    }
    hwrt.data.push(data);
  }
  dev.ledger?.get(hwrt, holder);
  return hwrt;
}

/** `hwrt_data_init_fw_structure`. */
function* createData(pvr: PvrDevice, hwrt: PvrHwrt, layers: number): Steps<PvrHwrtData | Errno> {
  const made: PvrFwObject[] = [];
  for (let left = layers > 1 ? 3 : 1; left > 0; left--) {
    const object = yield* createFwObject(pvr, 4096, hwrt);
    if (typeof object === "number") {
      for (const other of made.reverse()) yield* destroyFwObject(pvr, other, hwrt);
      return object;
    }
    made.push(object);
  }
  const fw = made.pop() as PvrFwObject;
  return { dataset: hwrt, fw, layered: made, drawing: [] };
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
  yield* destroyParts(pvr, hwrt, () => pvr.trace?.(["cleanup", "hwrt"]));
}

function* destroyParts(pvr: PvrDevice, hwrt: PvrHwrt, cleanup: () => void = () => {}): Steps<void> {
  for (const { fw, layered } of hwrt.data.reverse()) {
    cleanup();
    for (const object of [...layered].reverse()) yield* destroyFwObject(pvr, object, hwrt);
    yield* destroyFwObject(pvr, fw, hwrt);
  }
  yield* destroyFwObject(pvr, hwrt.common, hwrt);
  for (const list of hwrt.freeLists) yield* putFreeList(pvr, list, hwrt);
}
