/** What the model cannot know of the answers, by field. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "calls of io-pgtable":
    "how many calls of io-pgtable a mapping takes where its memory is of several pieces: whether two of them lie side by side was the page allocator's choice in that run. Consecutive calls are told as one; what they write is compared",
};
