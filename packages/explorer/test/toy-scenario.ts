import { ask, type Call, type Scenario } from "../src/index.ts";
import { toy } from "./toy.ts";

export const map = (bo: number, va: number, length = 4096) => ({
  kind: "map" as const,
  bo,
  boOffset: 0,
  va,
  length,
  flags: 0,
});

export const unmap = (va: number, length = 4096) => ({ ...map(0, va, length), kind: "unmap" as const });

export const bind = (op: ReturnType<typeof map> | ReturnType<typeof unmap>): Call =>
  ask(0, { op: "vm_bind", vm: 1, ops: [op] });

/** Two threads and, if `third`, a third one that destroys the VM and makes it anew. */
export function scenario(defects: readonly string[], third = true): Scenario {
  return {
    name: "toy",
    about: "one VM, one BO, bind, unbind and destroy at once",
    variant: toy,
    options: { defects: new Set(defects) },
    setup: (world) => world.must(0, { op: "gem_new", bo: 1, size: 4096 }, { op: "vm_create", vm: 1 }),
    actors: [
      { name: "T1", calls: [bind(map(1, 0x1000)), bind(unmap(0x1000))] },
      {
        name: "T2",
        calls: third ? [ask(0, { op: "gem_close", bo: 1 }), bind(unmap(0x1000))] : [bind(unmap(0x1000))],
      },
      ...(third
        ? [{ name: "T3", calls: [ask(0, { op: "vm_destroy", vm: 1 }), ask(0, { op: "vm_create", vm: 1 })] }]
        : [{ name: "T3", calls: [ask(0, { op: "vm_destroy", vm: 1 })] }]),
    ],
    sometimes: {
      "a mapping of a BO without handle": (world) =>
        [...world.machine.memory.objects].some((bo) => bo.handles === 0 && bo.ptes > 0),
    },
  };
}
