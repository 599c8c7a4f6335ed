import type { NeutralRequest } from "@gpuvm/drm-model";
import { type Buffer, type Client, Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

interface Window {
  readonly client: Client;
  readonly swapchain: readonly Buffer[];
  /** The compositor's handles of the same buffers: each is imported once. */
  readonly shown: Buffer[];
  readonly until: number;
}

/** A compositor, and clients that come and go without telling. */
export const compositor: Workload = workload({
  name: "compositor",
  brief: "imports each client's swapchain once; clients come, and end without telling",
  imitates: "msm-gl-weston-multiclient",
  jobUs: 2000,
  parameters: {
    clients: { value: 2, least: 1, most: 10_000, brief: "clients at a time" },
    life: { value: 13, least: 0, most: 86_400, brief: "seconds a client lives, on average" },
    buffers: { value: 4, least: 1, most: 10_000, brief: "buffers of a swapchain" },
    kib: { value: 900, least: 4, most: 16_777_216, brief: "KiB of a swapchain buffer" },
    own: { value: 50, least: 0, most: 1_000_000, brief: "buffers of the compositor itself" },
    listed: { value: 13, least: 0, most: 1_000_000, brief: "of these, how many every submit lists" },
    seconds: { value: 50, least: 0, most: 86_400, brief: "seconds in all" },
    fps: { value: 37, least: 0.1, most: 10_000, brief: "frames per second" },
  },
  *requests({ clients, life, buffers, kib, own, listed, seconds, fps }, random) {
    const stage = new Stage();
    const server = stage.client();
    const size = Math.ceil(kib / 4) * 4096;
    const always = Array.from({ length: own }, () => server.create(random.chance(0.85) ? 4096 : 2 ** 21));
    const cached = Array.from({ length: 4 }, () => server.create(4096));
    let windows: Window[] = [];
    for (let frame = 0; frame < seconds * fps; frame++) {
      stage.t = Math.round((frame * 1e9) / fps);
      const out: NeutralRequest[] = [];
      for (const gone of windows.filter((w) => w.until <= frame)) {
        gone.client.exit();
        out.push(...gone.client.take());
        // The compositor learns of it in the next frame, and lets go.
        for (const buffer of gone.shown) server.close(buffer);
      }
      windows = windows.filter((w) => w.until > frame);
      while (windows.length < clients) {
        const client = stage.client();
        const swapchain = Array.from({ length: buffers }, () => client.create(size));
        const until = frame + Math.round(fps * life * (0.5 + random.next()));
        windows.push({ client, swapchain, shown: [], until });
      }
      for (const { client, swapchain, shown } of windows) {
        const back = swapchain[frame % swapchain.length] as Buffer;
        client.submit([back]);
        if (shown.length < swapchain.length) {
          client.export(back);
          out.push(...client.take());
          shown.push(server.import(size));
        } else out.push(...client.take());
      }
      // Two cached buffers go into the cache and two come back, every frame.
      for (const [i, buffer] of cached.entries()) server.madvise(buffer, (i + frame) % 2 === 0);
      const current = windows.map(({ shown }) => shown[frame % shown.length] as Buffer);
      server.submit([...always.slice(0, listed), ...current]);
      yield [...out, ...server.take()];
    }
    server.exit();
    yield server.take();
  },
});
