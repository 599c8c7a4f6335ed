import type { Buffer } from "./client.ts";
import { Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

/** Lengths of mappings as the recorded race has them: many of 4 KiB, textures of megabytes. */
const SIZES = [
  [0, 4096],
  [0.28, 4096],
  [0.5, 65536],
  [0.9, 2 ** 21],
  [1, 2 ** 23],
] as const;

/** Binds while it loads, then hardly at all. */
export const game: Workload = workload({
  name: "game",
  brief: "loads its buffers, then plays: hardly a bind in the steady state, work every frame",
  imitates: "xe-gl-supertuxkart",
  jobUs: 5000,
  parameters: {
    bos: { value: 900, least: 1, most: 1_000_000, brief: "buffers made while it loads" },
    load: { value: 8, least: 0, most: 86_400, brief: "seconds of loading" },
    seconds: { value: 68, least: 0, most: 86_400, brief: "seconds in all" },
    fps: { value: 71, least: 0.1, most: 10_000, brief: "frames per second" },
    binds: { value: 1.5, least: 0, most: 1_000_000, brief: "buffers replaced per second while it plays" },
  },
  *requests({ bos, load, seconds, fps, binds }, random) {
    const stage = new Stage();
    const client = stage.client();
    const live: Buffer[] = [];
    const frames = Math.round(seconds * fps);
    const loading = Math.max(1, Math.round(load * fps));
    for (let frame = 0; frame < frames; frame++) {
      stage.t = Math.round((frame * 1e9) / fps);
      const wanted = Math.min(bos, Math.ceil((bos * (frame + 1)) / loading));
      while (live.length < wanted) {
        // Half of the uploads go through a staging buffer that is gone at once.
        const staged = random.chance(0.07) ? client.create(random.bytes(SIZES)) : undefined;
        live.push(client.create(random.bytes(SIZES)));
        if (staged !== undefined) client.close(staged);
      }
      if (frame >= loading && random.chance(binds / fps)) {
        const at = random.below(live.length);
        client.close(live[at] as Buffer);
        live[at] = client.create((live[at] as Buffer).size);
      }
      client.submit(null);
      yield client.take();
    }
    for (const buffer of live) if (random.chance(0.5)) client.close(buffer);
    client.exit();
    yield client.take();
  },
});
