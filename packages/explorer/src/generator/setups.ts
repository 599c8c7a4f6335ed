import { bind, bo, mapOp, other, type Plan, submit, vm } from "../scenario/plan.ts";
import { pageOf } from "./kinds.ts";

/** Where the calls begin. */
export interface Setup {
  readonly name: string;
  readonly setup: Plan["setup"];
  readonly needs?: "prime" | "eviction";
  /** The second actor is another process, which shares buffer 1. */
  readonly files?: true;
  /** Both buffers are mapped in both VMs: calls on things of their own meet all the same. */
  readonly linked?: true;
}

/** Two VMs with a queue each, and two buffers, each mapped in a VM of its own. */
const BASE: Plan["setup"] = [
  ...vm(1),
  ...vm(2),
  bo(1),
  bo(2),
  bind(1, mapOp(1, 0, 3)),
  bind(2, mapOp(2, pageOf(2), 3)),
];

/** A few states that a program is often in. */
export const SETUPS: readonly Setup[] = [
  { name: "idle", setup: BASE },
  {
    name: "crossed",
    linked: true,
    setup: [...BASE, bind(2, mapOp(1, pageOf(2) + 4, 2)), bind(1, mapOp(2, 4, 2))],
  },
  { name: "busy", setup: [...BASE, submit([1])] },
  { name: "evicted", setup: [...BASE, "shrink"], needs: "eviction" },
  {
    name: "private",
    setup: [...vm(1), ...vm(2), bo(1, 1), bo(2, 2), bind(1, mapOp(1, 0, 3)), bind(2, mapOp(2, pageOf(2), 3))],
  },
  {
    name: "two-files",
    files: true,
    needs: "prime",
    setup: [...BASE, ...vm(1).map(other), { share: 1 }, other(bind(1, mapOp(1, 0, 3)))],
  },
];
