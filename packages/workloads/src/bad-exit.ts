import { Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

/** Ends with binds left, and work in flight. */
export const badExit: Workload = workload({
  name: "bad-exit",
  brief: "badly behaved: programs end, one after the other, with everything mapped and work in flight",
  imitates: null,
  jobUs: 4000,
  parameters: {
    programs: { value: 50, least: 0, most: 1_000_000, brief: "programs, one after the other" },
    bos: { value: 100, least: 1, most: 1_000_000, brief: "buffers of each" },
    kib: { value: 256, least: 4, most: 16_777_216, brief: "KiB of a buffer" },
    closed: {
      value: 0.3,
      least: 0,
      most: 1,
      brief: "share of handles closed before the end, without an unmap",
    },
  },
  *requests({ programs, bos, kib, closed }, random) {
    const stage = new Stage();
    const size = Math.ceil(kib / 4) * 4096;
    for (let n = 0; n < programs; n++) {
      stage.t += 1e8;
      const client = stage.client();
      const buffers = Array.from({ length: bos }, () => client.create(size));
      client.submit(buffers);
      for (const buffer of buffers) if (random.chance(closed)) client.close(buffer, false);
      client.submit(null);
      client.exit();
      yield client.take();
    }
  },
});
