import { queuesOf } from "../queue/job.ts";
import type { JobViews } from "./jobs.ts";
import { statusOf } from "./jobs.ts";
import { close } from "./requests.ts";
import type { World } from "./world.ts";

/** So often the recorder lets the GPU do what it has, before it closes what is left. */
const ROUNDS = 6;

/**
 * The end of a sequence: fences that are not of the driver signal, the GPU does what it has, files are closed, and what the
 * recorder kept goes.
 *
 * @returns calls that waited, and are over
 */
export function end(world: World, views: JobViews, events: unknown[]): { i: number; ret: number }[] {
  const over: { i: number; ret: number }[] = [];
  for (const fences of world.foreign.values())
    for (const fence of fences.splice(0)) {
      fence.base.signal();
      fence.put("recorder");
    }
  over.push(...world.calls.goOn());
  for (let round = 0; round < ROUNDS; round++) {
    for (const [ctx] of world.contexts.all())
      for (const queue of queuesOf(ctx)) world.hardware.finish(queue, Number.POSITIVE_INFINITY);
    over.push(...world.calls.goOn());
  }
  for (const [id, file] of world.files) if (!file.closed) close(world, id, "close");
  for (const syncobj of world.syncobjs.values()) syncobj.put();
  for (const { n, of, fence } of views.drop()) events.push(["fence", n, of, statusOf(fence)]);
  return over;
}
