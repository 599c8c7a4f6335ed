import type { Ask } from "@gpuvm/explorer";
import type { bind } from "../bugs/bug.ts";

/** An address of a program's VM. */
export const VA = 0x1_0010_0000;
/** `MSM_BO_WC`. */
export const WC = 0x20000;
/** `MSM_BO_NO_SHARE`. */
export const NO_SHARE = 4;
/** `MSM_SUBMIT_FENCE_FD_IN`: of the program's binds. */
const FENCE_IN = 0x4000_0000;

/** The program will manage addresses. */
export const ENABLE = { op: "enable_vm_bind" } as const;
/** Its queue for binds. */
export const BIND_QUEUE = { op: "queue_new", queue: 1, flags: 2 } as const;
/** Work behind the program's binds, with a fence that it knows. */
export const WORK: Extract<Ask, { op: "submit" }> = {
  ...{ op: "submit", bos: [], writes: [], cmds: 1 },
  ...{ flags: FENCE_IN, out: 1 },
};

/** A bind of some operations. */
export function bindsOf(
  ...ops: Parameters<typeof bind>[1][]
): ReturnType<typeof bind> & { readonly queue: number } {
  return { op: "vm_bind", queue: 1, ops };
}
