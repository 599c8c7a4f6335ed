import type { Errno, Steps } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";

/**
 * Runs a submit and counts what it took: locks, waits, and the objects that it names. Those that it validates, if that is
 * what counts, it tells itself, in `Task.objects`.
 */
export function* countSubmit<T = Errno>(machine: Machine, submit: () => Steps<T>, named = 0): Steps<T> {
  const task = machine.dev.current;
  task.objects = named;
  task.lockMark = task.locks;
  task.waitMark = task.waits;
  const ret = yield* submit();
  machine.counts.submitLocks.add(task.locks - task.lockMark);
  machine.counts.submitWaits.add(task.waits - task.waitMark);
  machine.counts.submitObjects.add(task.objects);
  return ret;
}
