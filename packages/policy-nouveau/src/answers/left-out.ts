const CACHE =
  "nvkm keeps up to eight free tables of a size from one sequence to the next, which depends on those before";

/** Fields of the recorded answers that the model cannot have, with the reasons. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "extra[memoryAllocated]": `${CACHE}: a table from there allocates nothing`,
  "extra[memoryFreed]": `${CACHE}: a table that goes there frees nothing`,
  "extra[words32]": `${CACHE}: a table from there is cleared word by word, a new one is not counted`,
  "extra[].kref": "of a sparse region: the model has no count of who waits for one",
  tableEntriesCleared: "always empty: the recorder did not count them, though nvkm clears such entries",
};
