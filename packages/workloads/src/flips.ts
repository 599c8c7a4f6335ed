import { type Buffer, Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

/** A swapchain at the display's rate. */
export const flips: Workload = workload({
  name: "flips",
  brief: "renders into a swapchain and hands each frame to the display, 60 or 120 times a second",
  imitates: "panthor-gl-glmark2",
  jobUs: 4000,
  parameters: {
    hz: { value: 60, least: 0.1, most: 10_000, brief: "frames per second: 60, 120" },
    buffers: { value: 3, least: 1, most: 10_000, brief: "buffers of the swapchain" },
    width: { value: 1920, least: 1, most: 65_536, brief: "pixels" },
    height: { value: 1080, least: 1, most: 65_536, brief: "pixels" },
    resize: { value: 10, least: 0, most: 86_400, brief: "seconds between changes of size; 0: never" },
    churn: { value: 4, least: 0, most: 1_000_000, brief: "buffers replaced per second" },
    bos: { value: 160, least: 1, most: 1_000_000, brief: "other buffers" },
    seconds: { value: 55, least: 0, most: 86_400, brief: "seconds in all" },
  },
  *requests({ hz, buffers, width, height, resize, churn, bos, seconds }, random) {
    const stage = new Stage();
    const client = stage.client();
    const bytes = (scale: number) => Math.ceil((width * height * 4 * scale) / 4096) * 4096;
    const sizes = [
      [0, 4096],
      [0.2, 4096],
      [0.5, 2 ** 18],
      [1, 2 ** 21],
    ] as const;
    const others = Array.from({ length: bos }, () => client.create(random.bytes(sizes)));
    const make = (scale: number) => Array.from({ length: buffers }, () => client.create(bytes(scale)));
    let swapchain = make(1);
    for (let frame = 0; frame < seconds * hz; frame++) {
      stage.t = Math.round((frame * 1e9) / hz);
      if (resize > 0 && frame > 0 && frame % Math.round(resize * hz) === 0) {
        for (const buffer of swapchain) client.close(buffer);
        swapchain = make(0.5 + random.next());
      }
      if (random.chance(churn / hz)) {
        const at = random.below(others.length);
        client.close(others[at] as Buffer);
        others[at] = client.create(random.bytes(sizes));
      }
      const back = swapchain[frame % swapchain.length] as Buffer;
      client.submit(null);
      client.export(back);
      yield client.take();
    }
    for (const buffer of [...others, ...swapchain]) client.close(buffer);
    client.exit();
    yield client.take();
  },
});
