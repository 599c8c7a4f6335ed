/** What the model cannot have, of each answer. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "events[map]":
    "calls of io-pgtable to map: how often it is called depends on how shmem's pages happened to lie; the range (vmmap), entries and tables are compared",
  ms: "the recording's clock ticks in 10 ms, and between 30 and 60 of them pass after each request",
  "completed[].blockedMs": "as ms: a modelled time of the recording",
  blocked: "the stack of a task that sleeps; that it does is compared: ret is null, and stillBlocked",
};
