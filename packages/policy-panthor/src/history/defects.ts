import type { Gpuva, Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorGroup, PanthorQueue } from "../sched/group.ts";

/*
 * What the driver once did wrong with jobs, groups and VMAs, by the number in the catalogue of bugs, for runs that ask for
 * it. Each is called where it happened, and else answers as Linux 7.3.4 does.
 */

/** PA10, before ac5b392a8c35: the clock of a queue began anew only where it stood still, so never with progress. */
export function beginsAnew({ defects }: Panthor, { remaining }: PanthorQueue): boolean {
  return (remaining === null) !== defects.has("PA10");
}

/** PA11, before 4eabd0d8791e: for what an unmap leaves of a mapping one VMA was made, as if it left no more than one side. */
export function vmasForUnmap({ defects }: Panthor): number {
  return defects.has("PA11") ? 1 : 2;
}

/**
 * PA12, before eec7e23d848d: the number of a group was there to be guessed, and the group closed, while its creator still
 * used it.
 *
 * @returns whether the group has its number already
 */
export function* publishTooEarly(panthor: Panthor, group: PanthorGroup, publish: () => void): Steps<boolean> {
  if (!panthor.defects.has("PA12")) return false;
  publish();
  yield* preempt(panthor.machine.dev, "preempt", "panthor_group_create");
  group.kref.get("creator");
  group.kref.put("creator");
  return true;
}

/** PA13, before 4492d54d5987: the VMA of a map that failed in the page tables was forgotten: it is not in the tree, and was not given back. */
export function forgetVma({ defects }: Panthor, take: () => Gpuva): void {
  if (defects.has("PA13")) take();
}
