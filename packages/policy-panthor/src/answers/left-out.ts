/** What the model cannot know of the answers, by field. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "calls of io-pgtable":
    "how many calls of io-pgtable a mapping takes where its memory is of several pieces: whether two of them lie side by side was the page allocator's choice in that run. Consecutive calls are told as one; what they write is compared",
  "place of the last fences":
    "whether a fence that signals while the recorder closes what is left is told as an event, or in `fences`: it is compared with those",
  ms: "the time of the recorder's own steps is in it",
  resvLocks: "locks that are taken around pages and CPU mappings, and by drm_gem, are in it",
  queueLruLocks: "of the list that drm_gem takes every freed object off, too",
  tlbiPages: "invalidations of single pages by msm's IOMMU; this GPU's MMU has none",
};
