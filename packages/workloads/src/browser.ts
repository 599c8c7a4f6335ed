import type { NeutralRequest } from "@gpuvm/drm-model";
import { type Buffer, type Client, Stage } from "./client.ts";
import type { Random } from "./random.ts";
import { type Workload, workload } from "./workload.ts";

/** Tiles, glyphs and upload buffers: mostly small. */
const SIZES = [
  [0, 4096],
  [0.55, 4096],
  [0.85, 65536],
  [1, 2 ** 20],
] as const;

class Tab {
  readonly client: Client;
  readonly #live: { readonly buffer: Buffer; readonly until: number }[] = [];

  constructor(client: Client) {
    this.client = client;
  }

  frame(frame: number, fresh: number, life: number, random: Random): void {
    for (let n = fresh; n > 0; n--) {
      if (n < 1 && !random.chance(n)) continue;
      const until = frame + 1 + Math.floor(-Math.log(1 - random.next()) * life);
      this.#live.push({ buffer: this.client.create(random.bytes(SIZES)), until });
    }
    for (let i = this.#live.length - 1; i >= 0; i--) {
      const { buffer, until } = this.#live[i] as { buffer: Buffer; until: number };
      if (until > frame) continue;
      this.client.close(buffer);
      this.#live.splice(i, 1);
    }
    const used = this.#live.slice(-24).map(({ buffer }) => buffer);
    if (used.length > 0) this.client.submit(used);
  }
}

/** Many small buffers that live for some frames, in several processes. */
export const browser: Workload = workload({
  name: "browser",
  brief: "many small buffers that live for some frames, in a process for each tab; tabs come and go",
  imitates: null,
  jobUs: 500,
  parameters: {
    tabs: { value: 4, least: 1, most: 10_000, brief: "processes at a time" },
    fresh: { value: 3, least: 0, most: 1_000_000, brief: "buffers made per frame and tab" },
    life: { value: 30, least: 0, most: 86_400, brief: "frames a buffer lives, on average" },
    reload: { value: 5, least: 0, most: 86_400, brief: "seconds until a tab is closed and another opened" },
    hz: { value: 60, least: 0.1, most: 10_000, brief: "frames per second" },
    seconds: { value: 20, least: 0, most: 86_400, brief: "seconds in all" },
  },
  *requests({ tabs, fresh, life, reload, hz, seconds }, random) {
    const stage = new Stage();
    const open = Array.from({ length: tabs }, () => new Tab(stage.client()));
    for (let frame = 0; frame < seconds * hz; frame++) {
      stage.t = Math.round((frame * 1e9) / hz);
      const out: NeutralRequest[] = [];
      if (frame > 0 && frame % Math.max(1, Math.round(reload * hz)) === 0) {
        const gone = open.shift();
        gone?.client.exit();
        out.push(...(gone?.client.take() ?? []));
        open.push(new Tab(stage.client()));
      }
      for (const tab of open) {
        tab.frame(frame, fresh, life, random);
        out.push(...tab.client.take());
      }
      yield out;
    }
    for (const { client } of open) {
      client.exit();
      yield client.take();
    }
  },
});
