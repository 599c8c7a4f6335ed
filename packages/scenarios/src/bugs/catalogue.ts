import type { Bug } from "./bug.ts";
import { MSM_BUGS } from "./msm.ts";
import { NOUVEAU_BUGS } from "./nouveau.ts";
import { PANTHOR_BUGS } from "./panthor.ts";
import { POWERVR_BUGS } from "./powervr.ts";
import { XE_BUGS } from "./xe.ts";

/** Every bug of the catalogue that the model expresses, in the catalogue's order. */
export const BUGS: readonly Bug[] = [
  ...MSM_BUGS,
  ...NOUVEAU_BUGS,
  ...XE_BUGS,
  ...PANTHOR_BUGS,
  ...POWERVR_BUGS,
];

/** An entry of the catalogue that is not shown, and why. */
export interface Unexpressed {
  /** Its number. */
  readonly id: string;
  /** What it was about. */
  readonly title: string;
  /** Why it is not here. */
  readonly reason: string;
}

/** The rest of the catalogue. */
export const UNEXPRESSED: readonly Unexpressed[] = [
  {
    id: "X7",
    title: "drm/xe: fix UAF around queue destruction",
    reason:
      "what it takes is a worker that outlives the driver; the model's workers are the machine's, and all have run before a driver goes",
  },
];
