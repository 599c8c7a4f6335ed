import type { Bo } from "@gpuvm/drm-model";
import type { StudyParams } from "../params.ts";
import { Stage } from "../stage.ts";
import { figure, NOT_SHARED, type Workload } from "./workload.ts";

const NO_DISPLAY =
  "the model of this driver has no display VM: its display driver is another one, or maps by other means";

/** W3: page flips over a few buffers whose handles stay open. */
export const W3: Workload = {
  id: "W3",
  title: "page flips, handles kept",
  does: "a program flips through a few buffers, whose handles it keeps",
  run(subject, params, watch) {
    const { flips, buffers } = params;
    const stage = new Stage(subject, { jobMs: params.jobMs, audit: false, watch });
    const { scanout } = stage.driver;
    if (scanout === undefined) return NO_DISPLAY;
    const { counts } = stage.machine;
    stage.program(0);
    for (let i = 1; i <= buffers; i++) stage.buffer(0, i, PIXELS);
    let shown: Bo | undefined;
    for (let i = 0; i < flips; i++) {
      const next = stage.bo(0, 1 + (i % buffers));
      shown = flip(stage, next, shown);
      tick(stage, params);
    }
    if (shown !== undefined) stage.call(DISPLAY, CLEANUP, scanout.cleanupFb(shown));
    return { flips, scanout_maps: counts.scanoutMaps, scanout_unmaps: counts.scanoutUnmaps };
  },
  word: (o) => `${figure(o, "scanout_maps")} / ${figure(o, "scanout_unmaps")}`,
};

/** W4: each frame comes in as a dma-buf, is composed and shown, and its handle is closed. */
export const W4: Workload = {
  id: "W4",
  title: "flips, re-import each frame",
  does: "a producer keeps a few buffers exported; for each frame a compositor imports one, reads it with the GPU, shows it, and closes the handle",
  run(subject, params, watch) {
    const { flips, buffers, jobMs } = params;
    const stage = new Stage(subject, { jobMs: Math.min(jobMs, 1), audit: false, watch });
    const { scanout } = stage.driver;
    stage.program(0);
    for (let i = 1; i <= buffers; i++) stage.buffer(0, i, PIXELS);
    const bufs = Array.from({ length: buffers }, (_, i) => stage.exportBo(0, i + 1));
    if (bufs.some((buf) => buf === null)) return NOT_SHARED;
    stage.program(1);
    const before = stepsOf(stage);
    let shown: Bo | undefined;
    for (let i = 0; i < flips; i++) {
      const buf = bufs[i % buffers];
      const handle = 100 + i;
      if (buf === undefined || buf === null) continue;
      stage.importBo(1, buf, handle);
      stage.map(1, handle, PIXELS);
      stage.submit(1, handle);
      tick(stage, params);
      if (scanout !== undefined) shown = flip(stage, stage.bo(1, handle), shown);
      stage.unmap(1, handle, PIXELS);
      stage.close(1, handle);
    }
    if (shown !== undefined && scanout !== undefined) {
      stage.call(DISPLAY, CLEANUP, scanout.cleanupFb(shown));
    }
    const after = stepsOf(stage);
    const { counts } = stage.machine;
    const display =
      scanout === undefined ? {} : { scanout_maps: counts.scanoutMaps, scanout_unmaps: counts.scanoutUnmaps };
    return {
      flips,
      ...display,
      gpu_maps: after.maps - before.maps,
      gpu_unmaps: after.unmaps - before.unmaps,
    };
  },
  word(o) {
    const gpu = `${figure(o, "gpu_maps")}/${figure(o, "gpu_unmaps")}`;
    if (o["scanout_maps"] === undefined) return gpu;
    return `${figure(o, "scanout_maps")}/${figure(o, "scanout_unmaps")} ${gpu}`;
  },
};

/** Mappings made and taken away so far in the compositor's VM. */
function stepsOf(stage: Stage): { readonly maps: number; readonly unmaps: number } {
  const vm = stage.vmOf(1);
  return { maps: vm?.steps.map ?? 0, unmaps: (vm?.steps.unmap ?? 0) + (vm?.teardown.unmap ?? 0) };
}

const DISPLAY = "display";
const CLEANUP = "cleans the framebuffer up that was shown";

/** 1920 x 1080 at 4 bytes, in pages. */
const PIXELS = 2025;

/** Shows `next`, then lets go of what was shown. */
function flip(stage: Stage, next: Bo | undefined, shown: Bo | undefined): Bo | undefined {
  const { scanout } = stage.driver;
  if (scanout === undefined || next === undefined) return shown;
  stage.call(DISPLAY, "prepares the next framebuffer, and shows it", scanout.prepareFb(next));
  if (shown !== undefined) stage.call(DISPLAY, CLEANUP, scanout.cleanupFb(shown));
  return next;
}

/** Until the next refresh. */
function tick(stage: Stage, { hz }: StudyParams): void {
  stage.sleep(Math.round(1e9 / hz), "the display's next refresh");
}
