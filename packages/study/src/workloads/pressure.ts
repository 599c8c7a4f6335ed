import { Task } from "@gpuvm/core";
import type { Subject } from "@gpuvm/drivers";
import type { Bo } from "@gpuvm/drm-model";
import { Stage, type StageWatch } from "../stage.ts";
import { PAGE } from "../stage-words.ts";
import { shortJobMs, takenFromGpu, takenWords } from "./unended.ts";
import { figure, NO_EVICTION, type Workload } from "./workload.ts";

/** Pages of a buffer. */
const PAGES = 64;
/** Buffers of the program: the first is shown, of half of them it has given the handles up. */
const BUFFERS = 4;
/** Memory of a device's own, in bytes: twice what the program has, and a little for page tables. */
const VRAM_BYTES = (2 * BUFFERS + 0.5) * PAGES * PAGE;

/** W19: memory is short while one buffer is shown, and while nobody has the handles of others. */
export const W19: Workload = {
  id: "W19",
  title: "memory is short",
  does: "a program has drawn with four buffers, shows the first where the driver maps for a display, and has closed the handles of two; then another program fills the device's own memory, where there is such, or the shrinker is asked for everything; then it draws again",
  unended: true,
  run(subject, params, watch) {
    const stage = withFour(subject, shortJobMs(params), watch);
    const { scanout } = stage.driver;
    const mine = Array.from({ length: BUFFERS }, (_, i) => stage.bo(0, i + 1) as Bo);
    const [shown] = mine;
    if (shown !== undefined && scanout !== undefined)
      stage.call("display", "prepares a framebuffer over buffer 1, and shows it", scanout.prepareFb(shown));
    for (const bo of [3, 4]) stage.close(0, bo);
    stage.idle();
    const kept = stage.alive;
    const { counts } = stage.machine;
    const before = counts.evictions;
    const lay = mine.map(whereIs);
    const given = press(stage);
    if (given === null) return NO_EVICTION;
    const taken = mine.map((bo, i) => bo.refs > 0 && whereIs(bo) !== lay[i]);
    const began = stage.ms;
    stage.submit(0, 1, 2);
    const wait = stage.ms - began;
    stage.idle();
    return {
      own_memory: given === "from its own memory" ? 1 : 0,
      kept_without_handle: kept - BUFFERS / 2,
      taken_objects: taken.filter(Boolean).length,
      evictions: counts.evictions - before,
      ...(scanout === undefined ? {} : { shown_taken: Number(taken[0]) }),
      submit_wait_ms: wait,
      ...takenFromGpu(stage),
    };
  },
  says(o) {
    const where = figure(o, "own_memory") > 0 ? "in the device's own memory" : "by the shrinker";
    const shown = o["shown_taken"];
    const display =
      shown === undefined
        ? "none is shown"
        : shown > 0
          ? "the one that is shown goes"
          : "the one that is shown stays";
    const idle = figure(o, "kept_without_handle");
    const moved = `${figure(o, "taken_objects")} of ${BUFFERS} buffers make room ${where}`;
    return `${moved}, ${display}, ${idle} of the two without a handle are still held${takenWords(o)}`;
  },
  word(o) {
    if (figure(o, "shown_taken") > 0) return "SHOWN GOES";
    if (figure(o, "unmapped_running") > 0) return "GPU FAULT";
    if (figure(o, "freed_mapped") > 0) return "STALE PTES";
    return `${figure(o, "taken_objects")} out, ${figure(o, "kept_without_handle")} idle`;
  },
};

/** A program that has drawn with its buffers. */
function withFour(subject: Subject, jobMs: number, watch: StageWatch | undefined): Stage {
  const stage = new Stage(subject, { jobMs, watch, machine: { watch: true, vram: VRAM_BYTES } });
  stage.program(0);
  for (let i = 1; i <= BUFFERS; i++) stage.buffer(0, i, PAGES);
  stage.submit(0, ...Array.from({ length: BUFFERS }, (_, i) => i + 1));
  stage.idle();
  return stage;
}

/** Memory gets short, in the one way or the other; null: the model of the driver has neither. */
function press(stage: Stage): "from its own memory" | "by the shrinker" | null {
  const { counts } = stage.machine;
  const before = counts.evictions;
  stage.program(1);
  // As many as fit beside the one that is shown: all that is mapped must be there at once.
  for (let i = 1; i < 2 * BUFFERS; i++) {
    stage.buffer(1, i, PAGES);
    stage.submit(1, i);
    stage.idle();
  }
  if (counts.evictions > before) return "from its own memory";
  const shrink = stage.driver.shrink?.bind(stage.driver);
  if (shrink === undefined) return null;
  stage.does("kernel", "memory is short: the shrinker is asked for everything", () =>
    stage.machine.call(shrink(2 * VRAM_BYTES), new Task("kswapd", "reclaim")),
  );
  return "by the shrinker";
}

/** Something that is another when a buffer's memory is another. */
function whereIs(bo: Bo): string {
  const { lies, place } = bo as { readonly lies?: number; readonly place?: string | null };
  return `${lies ?? place ?? ""} ${bo.generation}`;
}
