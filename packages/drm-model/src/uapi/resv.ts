import type { DmaResv, DrmDevice, Errno, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import { waitFenceInterruptible } from "./lock.ts";
import type { Process } from "./process.ts";

/** Waits until every fence that a look for `usage` sees has signalled, without limit (`dma_resv_wait_timeout`). */
export function* waitResv(dev: DrmDevice, resv: DmaResv, usage: number, label: string): Steps<void> {
  for (let fence = resv.busy(usage); fence !== null; fence = resv.busy(usage)) {
    if (dev.waitsFor(fence, label)) yield dev.point;
  }
}

/** As {@link waitResv}, but a signal ends the wait. @returns 0, or -ERESTARTSYS */
export function* waitResvInterruptible(
  dev: DrmDevice,
  resv: DmaResv,
  usage: number,
  process: Process,
  label: string,
): Steps<Errno> {
  for (let fence = resv.busy(usage); fence !== null; fence = resv.busy(usage)) {
    const ret = yield* waitFenceInterruptible(dev, fence, process, label);
    if (ret !== 0) return ret;
  }
  return 0;
}

/**
 * As {@link waitResv}, for at most `ns` of modelled time.
 *
 * @returns whether every fence has signalled
 */
export function* waitResvTimeout(
  machine: Machine,
  resv: DmaResv,
  usage: number,
  ns: number,
  label: string,
): Steps<boolean> {
  return resv.busy(usage) === null || (yield* waitBusy(machine, resv, usage, ns, label));
}

function* waitBusy(
  machine: Machine,
  resv: DmaResv,
  usage: number,
  ns: number,
  label: string,
): Steps<boolean> {
  let late = false;
  machine.timers.add(machine.now + ns, () => {
    late = true;
  });
  if (machine.dev.waitsUntil(() => late || resv.busy(usage) === null, label)) yield machine.dev.point;
  return resv.busy(usage) === null;
}
