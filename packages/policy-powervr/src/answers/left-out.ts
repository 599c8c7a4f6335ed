/** Fields of the recorded answers that the model cannot have, with the reasons. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  ms: "the time of the recorder's own steps is in it; how long an exit waits is in a test",
  "completed[].blockedMs": "the time of the recorder's own steps is in it",
  blocked:
    "where the call sleeps, by the names on its kernel stack; that it sleeps is in `ret` and `stillBlocked`",
  resvLocks:
    "locks that drm_gem_shmem takes around pages and CPU mappings are in it; those of a submit are in a test",
  queueLruLocks: "of the list that drm_gem takes every freed object off; this driver puts none on it",
  tlbiPages: "invalidations of single pages by msm's IOMMU; this GPU's MMU has none",
};
