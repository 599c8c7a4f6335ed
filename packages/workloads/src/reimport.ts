import { type Buffer, Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

/** The same buffers come in again every frame, as on Android. */
export const reimport: Workload = workload({
  name: "reimport",
  brief: "imports and maps the buffers of every frame anew, and lets go of them a few frames later",
  imitates: null,
  jobUs: 2000,
  parameters: {
    layers: { value: 4, least: 1, most: 10_000, brief: "buffers that come in per frame" },
    hold: { value: 3, least: 0, most: 1_000_000, brief: "frames until they are given up" },
    kib: { value: 8100, least: 4, most: 16_777_216, brief: "KiB of a buffer" },
    hz: { value: 60, least: 0.1, most: 10_000, brief: "frames per second" },
    seconds: { value: 20, least: 0, most: 86_400, brief: "seconds in all" },
  },
  *requests({ layers, hold, kib, hz, seconds }) {
    const stage = new Stage();
    const client = stage.client();
    const size = Math.ceil(kib / 4) * 4096;
    const target = client.create(size);
    const held: Buffer[][] = [];
    for (let frame = 0; frame < seconds * hz; frame++) {
      stage.t = Math.round((frame * 1e9) / hz);
      const fresh = Array.from({ length: layers }, () => client.import(size));
      held.push(fresh);
      client.submit([target, ...fresh]);
      if (held.length > hold) for (const buffer of held.shift() ?? []) client.close(buffer);
      yield client.take();
    }
    client.exit();
    yield client.take();
  },
});
