import { mapOp, Stage, unmapOp } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

const MIB = 2 ** 20;

/** Few large buffers, mapped in many pieces. */
export const ml: Workload = workload({
  name: "ml",
  brief: "few large buffers, mapped piece by piece; a cache grows by pages and is thrown away",
  imitates: null,
  jobUs: 20000,
  parameters: {
    weights: { value: 8, least: 1, most: 10_000, brief: "large buffers" },
    mib: { value: 1024, least: 1, most: 1_048_576, brief: "MiB of each" },
    piece: { value: 2, least: 1 / 256, most: 1_048_576, brief: "MiB that are mapped at once" },
    cache: { value: 2048, least: 1, most: 1_048_576, brief: "MiB of addresses that the cache may grow to" },
    pages: { value: 8, least: 0, most: 1_000_000, brief: "pieces that the cache grows by per step" },
    steps: { value: 500, least: 0, most: 1_000_000, brief: "pieces of work" },
    ms: { value: 25, least: 0, most: 86_400_000, brief: "milliseconds of a step" },
  },
  *requests({ weights, mib, piece, cache, pages, steps, ms }, random) {
    const stage = new Stage();
    const client = stage.client();
    const bytes = piece * MIB;
    for (let i = 0; i < weights; i++) {
      const buffer = client.create(mib * MIB, false);
      const va = client.reserve(buffer.size);
      for (let at = 0; at < buffer.size; at += bytes) {
        client.bind([mapOp(buffer.bo, at, va + at, Math.min(bytes, buffer.size - at))], true);
      }
      stage.t += 1e8;
      yield client.take();
    }
    const most = Math.floor((cache * MIB) / bytes);
    const store = client.create(most * bytes, false);
    const base = client.reserve(store.size);
    let grown = 0;
    for (let step = 0; step < steps; step++) {
      stage.t += ms * 1e6;
      const more = Math.min(pages, most - grown);
      const ops = Array.from({ length: more }, (_, i) => {
        const at = (grown + i) * bytes;
        return mapOp(store.bo, at, base + at, bytes);
      });
      if (ops.length > 0) client.bind(ops, true);
      grown += more;
      client.submit(null);
      // A request is answered: its part of the cache goes, at once.
      if (grown >= most || random.chance(0.01)) {
        client.bind([unmapOp(base, grown * bytes)]);
        grown = 0;
      }
      yield client.take();
    }
    client.exit();
    yield client.take();
  },
});
