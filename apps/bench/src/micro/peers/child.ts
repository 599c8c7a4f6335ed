import { runWorkload, type Workload } from "../workload.ts";
import { subjectNamed } from "./subjects.ts";

/** What the parent asks for. */
export interface PeerOrder {
  readonly subject: string;
  readonly work: Workload;
}

/** What the child answers. */
export interface PeerAnswer {
  readonly nsPerOp: number;
  readonly checksum: string;
  readonly steps: number;
}

// One process per subject: each gets code that the compiler made for it alone.
process.on("message", ({ subject: name, work }: PeerOrder) => {
  const subject = subjectNamed(name);
  const { ns, ops } = runWorkload(subject, work, () => performance.now());
  const answer: PeerAnswer = { nsPerOp: ns / ops, checksum: subject.sum.short, steps: subject.sum.steps };
  process.send?.(answer);
});
