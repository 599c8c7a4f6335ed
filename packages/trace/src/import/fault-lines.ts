/**
 * What drivers print into the kernel's log when the GPU faults, as of Linux 7.3.
 *
 * ```
 * amdgpu    "page fault (src_id:" N " ring:" N " vmid:" N " pasid:" N ")"       amdgpu/gmc_v*.c, over up to three lines
 *           " Process " NAME " pid " N " thread " NAME " pid " N
 *           "in page starting at address 0x" HEX
 * xe        "ASID: " N, then "Faulted Address: 0x" HEX                          xe/xe_pagefault.c, before xe_gt_pagefault.c
 * msm       "*** gpu fault: " [ "ttbr0=" HEX " " ] "iova=" HEX ...              msm/adreno/adreno_gpu.c
 *           "*** fault: iova=" BLANKS HEX ", flags=" N                          msm/msm_iommu.c
 * panthor   "Unhandled Page fault in AS" N " at VA 0x" HEX                      panthor/panthor_mmu.c, panfrost/panfrost_mmu.c
 * nouveau   "fault " HEX " [" NAME "] at " HEX " engine " ...                   nouveau/nvkm/engine/fifo/gf100.c
 * ```
 */
import type { Fault } from "./imported.ts";
import { unsigned48 } from "./numbers.ts";

const PAGE = 4096;

const AMDGPU_HEAD = /page fault \(src_id:\d{1,5} ring:\d{1,5} vmid:\d{1,5} pasid:\d{1,10}[,)]/;
const AMDGPU_PROCESS = /\bprocess (.{0,64}?) pid (\d{1,10}) thread /i;
const AMDGPU_AT = /in page starting at address 0x([0-9a-f]{1,16})\b/i;
const XE_ASID = /\bASID: (\d{1,10})\b/;
const XE_AT = /\bFaulted ?Address: 0x([0-9a-f]{1,16})\b/i;
const MSM = /\*\*\* (?:gpu )?fault: (?:ttbr0=[0-9a-f]{1,16} )?iova= {0,16}([0-9a-f]{1,16})\b,? ?(.{0,200})/i;
const MALI = /Unhandled Page fault in AS(\d{1,3}) at VA 0x([0-9a-f]{1,16})\b/i;
const NOUVEAU = /\bfault [0-9a-f]{2,8} \[([^\]]{0,32})\] at ([0-9a-f]{16}) engine /i;

/** Words of messages about GPU faults: a line that has one and isn't understood is counted as unread. */
const OF_A_FAULT = /page fault|gpu fault|mmu fault|vm fault|faulted address|fault addr|faulting addr/i;

/** Reads such lines, one after the other: some faults are told over several. */
export class FaultLines {
  #process = "";
  #task: string | undefined;
  #asid: string | undefined;

  /**
   * Takes a message without its prefix. Gives the fault when it is complete, `"part"` for a line that belongs to one,
   * `"unread"` for one that tells of a fault in a way that is not known, and undefined for any other.
   */
  line(text: string, clock: number | undefined): Fault | "part" | "unread" | undefined {
    const at = clock === undefined ? {} : { clock };
    const head = AMDGPU_HEAD.test(text);
    if (head) {
      this.#process = "";
      this.#task = undefined;
    }
    let m = AMDGPU_PROCESS.exec(text);
    if (m !== null) {
      this.#process = `process ${m[1]} pid ${m[2]}`;
      this.#task = `task ${m[2]}`;
    }
    if (head || m !== null) return "part";
    m = AMDGPU_AT.exec(text);
    if (m !== null) {
      const told = this.#process === "" ? {} : { detail: this.#process };
      const space = this.#task === undefined ? {} : { space: this.#task };
      return { ...fault("amdgpu", m[1], PAGE), ...space, ...told, ...at };
    }
    m = XE_ASID.exec(text);
    // xe may print all of it as one message.
    const x = XE_AT.exec(text);
    if (m !== null) this.#asid = `asid ${m[1]}`;
    if (x !== null) {
      const space = this.#asid === undefined ? {} : { space: this.#asid };
      this.#asid = undefined;
      return { ...fault("xe", x[1], PAGE), ...space, ...at };
    }
    if (m !== null) return "part";
    m = MSM.exec(text);
    if (m !== null) {
      const detail = (m[2] ?? "").trim();
      return { ...fault("msm", m[1], 1), ...(detail === "" ? {} : { detail }), ...at };
    }
    m = MALI.exec(text);
    if (m !== null) {
      const source = text.includes("panfrost") ? "panfrost" : "panthor";
      return { ...fault(source, m[2], 1), detail: `AS${m[1]}`, ...at };
    }
    m = NOUVEAU.exec(text);
    if (m !== null) return { ...fault("nouveau", m[2], 1), detail: m[1] as string, ...at };
    return OF_A_FAULT.test(text) ? "unread" : undefined;
  }
}

function fault(source: string, hex: string | undefined, length: number): Fault {
  return { address: unsigned48(BigInt(`0x${hex}`)), length, source };
}
