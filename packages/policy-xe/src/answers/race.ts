const REASON =
  "the shrinker takes objects one by one while the worker that it woke brings back those of a VM with long-running work: who is first at each is no rule";

/** What the scan itself says, and the state right after it. */
const SCAN = [
  "ret",
  "extra",
  "leafWritten",
  "events",
  "bos[].vm_bos[].evicted",
  "bos[].vm_bos[].ev",
  "vms[].evict",
];
/** What the worker did until all was done. */
const WORKER = ["leafWritten", "events", "late"];
/** An object that nothing maps stays where the race left it. */
const AFTER = ["extra[].place", "extra[].pages"];

/**
 * A scan of the shrinker that takes long-running queues off the GPU races with the worker that brings their VM back. What
 * depends on who was first is not known: in the scan's answer, in that after which all is done, and, of objects that
 * nothing maps, for good.
 */
export class Race {
  #state: "none" | "on" | "over" = "none";

  /** What is not known of the answer to a request. `suspended`: it took queues off the GPU. */
  after(request: string, suspended: boolean, settled: boolean): Readonly<Record<string, string>> {
    const scan = request === "shrink" || request === "shrinkdirect";
    const paths: string[] = this.#state === "none" ? [] : [...AFTER];
    if (scan && (suspended || this.#state !== "none")) paths.push(...SCAN);
    if (this.#state === "on") paths.push(...WORKER);
    if (scan && suspended) this.#state = "on";
    else if (settled && this.#state === "on") this.#state = "over";
    return Object.fromEntries(paths.map((path) => [path, REASON]));
  }
}
