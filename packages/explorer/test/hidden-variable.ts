import { preempt } from "@gpuvm/drm-model";
import type { Call } from "../src/index.ts";

/** Calls that write and read a variable which is no part of the state, and what sets it to 0. */
export function hiddenVariable(): { writes: (value: number) => Call; reads: Call; setup: () => void } {
  let hidden = 0;
  return {
    writes: (value) => ({
      label: `writes ${value}`,
      *run({ machine: { dev } }) {
        yield* preempt(dev, "preempt", "before");
        hidden = value;
        return 0;
      },
    }),
    reads: {
      label: "reads",
      *run({ machine: { dev } }) {
        yield* preempt(dev, "preempt", "before");
        return hidden;
      },
    },
    setup: () => {
      hidden = 0;
    },
  };
}
