import { type Buffer, Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

/** Closes buffers that are still mapped. */
export const badClose: Workload = workload({
  name: "bad-close",
  brief: "badly behaved: closes buffers while they are mapped, some while the GPU works with them",
  imitates: null,
  jobUs: 4000,
  parameters: {
    fresh: { value: 2, least: 0, most: 1_000_000, brief: "buffers made per frame" },
    live: { value: 40, least: 0, most: 1_000_000, brief: "buffers kept" },
    bad: { value: 0.5, least: 0, most: 1, brief: "share that is closed without an unmap" },
    kib: { value: 256, least: 4, most: 16_777_216, brief: "KiB of a buffer" },
    hz: { value: 60, least: 0.1, most: 10_000, brief: "frames per second" },
    seconds: { value: 10, least: 0, most: 86_400, brief: "seconds in all" },
  },
  *requests({ fresh, live, bad, kib, hz, seconds }, random) {
    const stage = new Stage();
    const client = stage.client();
    const size = Math.ceil(kib / 4) * 4096;
    const kept: Buffer[] = [];
    for (let frame = 0; frame < seconds * hz; frame++) {
      stage.t = Math.round((frame * 1e9) / hz);
      for (let n = 0; n < fresh; n++) kept.push(client.create(size));
      client.submit(kept.slice(-16));
      while (kept.length > live) {
        // The newest ones are in flight.
        const inFlight = random.chance(0.25);
        const buffer = (inFlight ? kept.pop() : kept.shift()) as Buffer;
        client.close(buffer, !random.chance(bad));
      }
      yield client.take();
    }
    client.exit();
    yield client.take();
  },
});
