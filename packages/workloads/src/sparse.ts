import type { NeutralBindOp } from "@gpuvm/drm-model";
import { type Buffer, mapOp, nullOp, Stage } from "./client.ts";
import { type Workload, workload } from "./workload.ts";

const MIB = 2 ** 20;
/** Streamed resources: from pages to some megabytes, a third above 1 MiB. */
const STREAMED = [
  [0, 65536],
  [0.4, 65536],
  [0.66, MIB],
  [0.9, 6 * MIB],
  [1, 32 * MIB],
] as const;

/** Sparse residency: null maps over live ranges, a page at a time. */
export const sparse: Workload = workload({
  name: "sparse",
  brief: "streams pages into a large sparse range: memory over null, null over memory",
  imitates: "msm-vmbind-vk-sparse",
  jobUs: 5000,
  parameters: {
    mib: { value: 128, least: 1, most: 1_048_576, brief: "MiB of the sparse range" },
    page: { value: 64, least: 4, most: 1_048_576, brief: "KiB of a sparse page" },
    pages: { value: 4.7, least: 0, most: 1_000_000, brief: "pages brought in per frame" },
    streamed: { value: 4.5, least: 0, most: 1_000_000, brief: "other buffers made per frame" },
    live: { value: 230, least: 0, most: 1_000_000, brief: "other buffers kept" },
    seconds: { value: 8, least: 0, most: 86_400, brief: "seconds in all" },
    fps: { value: 71, least: 0.1, most: 10_000, brief: "frames per second" },
  },
  *requests({ mib, page, pages, streamed, live, seconds, fps }, random) {
    const stage = new Stage();
    const client = stage.client();
    const pageBytes = page * 1024;
    const count = Math.max(1, Math.floor((mib * MIB) / pageBytes));
    const base = client.reserve(count * pageBytes);
    client.bind([nullOp(base, count * pageBytes)]);
    const heap = client.create(Math.ceil((mib * MIB) / 2 / 4096) * 4096, false);
    const slots = Math.max(1, Math.floor(heap.size / pageBytes));
    const resident: number[] = [];
    const others: Buffer[] = [];
    for (let frame = 0; frame < seconds * fps; frame++) {
      stage.t = Math.round((frame * 1e9) / fps);
      const ops: NeutralBindOp[] = [];
      for (let n = pages; n > 0; n--) {
        if (n < 1 && !random.chance(n)) continue;
        const index = random.below(count);
        ops.push(mapOp(heap.bo, random.below(slots) * pageBytes, base + index * pageBytes, pageBytes));
        resident.push(index);
        const gone = resident.length > slots / 4 ? resident.shift() : undefined;
        if (gone !== undefined) ops.push(nullOp(base + gone * pageBytes, pageBytes));
      }
      // Sparse updates are the one thing that drivers send together.
      if (random.chance(0.85)) client.bind(ops, true);
      else for (const op of ops) client.bind([op], true);
      for (let n = streamed; n > 0; n--)
        if (n >= 1 || random.chance(n)) others.push(client.create(random.bytes(STREAMED)));
      while (others.length > live) client.close(others.shift() as Buffer);
      client.submit(null);
      yield client.take();
    }
    for (const buffer of others) client.close(buffer);
    client.exit();
    yield client.take();
  },
});
