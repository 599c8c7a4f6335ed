/** A way of owning a BO, as the fact sheet names them. */
export interface Way {
  /** `OWN`, `SOFT4`, ... */
  readonly id: string;
  /** Which variant models it. */
  readonly subject: string;
  /** In a few words. */
  readonly title: string;
}

/** The nine ways of owning a BO, in the order of the fact sheet. */
export const NINE: readonly Way[] = [
  { id: "OWN", subject: "msm:before", title: "msm before the series: the BO owns its VMAs" },
  { id: "SOFT0", subject: "msm:soft-pure", title: "the flag alone: torn down by the free of the BO" },
  { id: "SOFT4", subject: "msm:soft", title: "v4 and v5 as posted: also at handle close, after at most 1 s" },
  { id: "HARD0", subject: "msm:hard-naive", title: "hard, and nothing tears it down: the control" },
  {
    id: "HARDR",
    subject: "msm:hard-retire",
    title: "hard, torn down when the request completes: the maintainer's proposal",
  },
  { id: "HARDU", subject: "msm:hard-unpin", title: "v6 without vma_ref: handle close, and every unpin" },
  { id: "MERGED", subject: "msm:mainline", title: "6.17: handle close, unpin, and vma_ref for the display" },
  { id: "BIND", subject: "msm:vm-bind", title: "6.17 VM_BIND: unmap, and VM close at file close" },
  {
    id: "NVLEG",
    subject: "nouveau:legacy",
    title: "nouveau's old interface: the client's last handle, by a worker",
  },
];

/** `SOFT4` for `msm:soft`; the subject's own name for the rest. */
export function wayOf(subject: string): string {
  return NINE.find((way) => way.subject === subject)?.id ?? subject;
}
