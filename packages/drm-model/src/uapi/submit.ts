import type { Errno, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";

/** Runs a submit and counts what it took: locks, waits, and the objects it named or validated. */
export function* countSubmit(
  machine: Machine,
  submit: () => Steps<Errno>,
  objects: () => number,
): Steps<Errno> {
  const task = machine.dev.current;
  task.lockMark = task.locks;
  task.waitMark = task.waits;
  const ret = yield* submit();
  machine.counts.submitLocks.add(task.locks - task.lockMark);
  machine.counts.submitWaits.add(task.waits - task.waitMark);
  machine.counts.submitObjects.add(objects());
  return ret;
}
