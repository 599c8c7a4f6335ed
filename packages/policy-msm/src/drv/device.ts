import type { Steps } from "@gpuvm/core";
import type { MsmBo } from "../gem/bo.ts";
import type { Lru } from "../gem/lru.ts";
import type { MsmGpu } from "../gpu/gpu.ts";
import type { MsmRing } from "../gpu/ring.ts";
import type { History } from "../history/history.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import type { VmaStore } from "../vma/vma-store.ts";
import type { MsmLog } from "./log.ts";
import type { MsmParts } from "./parts.ts";

/** The driver's state (`struct msm_drm_private`), passed to everything that needs it. */
export interface Msm extends MsmParts {
  /** What it does where msm once did something else: as now, or with a defect of the catalogue. */
  readonly history: History;
  /**
   * Repairs of the rule "teardown at handle close", tried on the model only: `close-walks-vm`, `ask-again`, `wait-again`
   * (`TeardownRules.handleClose`).
   */
  readonly repairs: ReadonlySet<string>;
  /** How VMAs and BOs lead to each other. */
  readonly vmas: VmaStore;
  readonly lru: Lru;
  /** Whoever looks on, or null. */
  readonly log: MsmLog | null;
  /** The GPU. */
  readonly gpu: MsmGpu;
  /** The GPU's rings, the most urgent first (`gpu->rb`). */
  readonly rings: readonly MsmRing[];
  /**
   * Whether a program can have page tables of its own (`create_private_vm`): from a6xx on, behind an SMMU that has them.
   * Otherwise every program shares {@link Msm.gpuVm}.
   */
  readonly privateVms: boolean;
  /** What the program of a display that is a device of its own does when it closes a handle of an object; null: it is none. */
  displayForgets: ((bo: MsmBo) => Steps<void>) | null;
  /** The display's VM (`kms->vm`). Null while the driver starts, after it is gone, and where the display is another device. */
  kmsVm: MsmGemVm | null;
  /** The VM of the GPU's kernel objects, TTBR1 (`gpu->vm`). */
  gpuVm: MsmGemVm | null;
}

/** Whose object it is (`dev->dev_private`, which is a pointer to anything there, too). */
export function msmOf(bo: MsmBo): Msm {
  return bo.device as Msm;
}
