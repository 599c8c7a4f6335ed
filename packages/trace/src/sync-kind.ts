/** What a bind or work does with a syncobj, as it stands in a file: `wait_reset` also empties it (msm), `user_fence` is none (xe). */
export type SyncKind = "wait" | "wait_reset" | "signal" | "user_fence";

/** Every {@link SyncKind}. */
export const SYNC_KINDS: readonly SyncKind[] = ["wait", "wait_reset", "signal", "user_fence"];
