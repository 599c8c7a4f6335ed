/** What a bind or work does with a syncobj, as it stands in a file: `wait_reset` also empties it (msm). */
export type SyncKind = "wait" | "wait_reset" | "signal";

/** Every {@link SyncKind}. */
export const SYNC_KINDS: readonly SyncKind[] = ["wait", "wait_reset", "signal"];
