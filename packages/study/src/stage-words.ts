import type { NeutralRequest } from "@gpuvm/drm-model";

/** A neutral request without its time. */
export type Ask = NeutralRequest extends infer R ? (R extends NeutralRequest ? Omit<R, "t"> : never) : never;

/** Every program's one VM and queue. */
export const VM = 1;
/** See {@link VM}. */
export const QUEUE = 1;

/** Who waits for nothing: time passes by itself. */
export const NOBODY = "time";

/** Bytes of a page. */
export const PAGE = 4096;
/** Where programs of explicit-bind drivers begin to place buffers: 512 GiB. */
export const BASE: number = 2 ** 39;
/** Distance of two buffers' addresses: each has lowest page tables of its own. */
export const SLOT: number = 2 ** 24;

/** A device's own memory, in masks of places (`placement`, `domain`), and all that those masks know. */
export const IN_VRAM = 2;
/** See {@link IN_VRAM}. */
export const ANYWHERE = 7;
