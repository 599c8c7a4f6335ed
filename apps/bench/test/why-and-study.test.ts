import { subjectName } from "@gpuvm/drivers";
import { verdictOf, whyText } from "@gpuvm/reference-graph";
import { type Outcome, runStudyOn, studySubjects } from "@gpuvm/study";
import { describe, expect, it } from "vitest";

const study = runStudyOn(studySubjects(), [], { flips: 12, buffers: 3, jobs: 12, jobMs: 10, hz: 60 });

/** A sentence of `why`, and whether an outcome is one of which it may be said. */
interface Sentence {
  readonly workload: string;
  readonly says: RegExp;
  /** What the study must show where the sentence is printed. */
  readonly shows: (outcome: Outcome) => boolean;
  /** Where the study shows it, and this holds, the sentence must be printed. */
  readonly always?: true;
}

const SENTENCES: readonly Sentence[] = [
  {
    workload: "W1",
    says: /Closing the last handle of a mapped object frees nothing/,
    shows: (o) => o["kept_bos_per_iteration"] === 1,
    always: true,
  },
  {
    workload: "W1",
    says: /The close of a handle waits for/,
    shows: (o) => (o["close_wait_ms"] ?? 0) > 0,
    always: true,
  },
  {
    workload: "W3",
    says: /Every page flip that unpins a framebuffer unmaps it/,
    shows: (o) => o["scanout_unmaps"] === o["flips"],
    always: true,
  },
  {
    workload: "W5",
    says: /A VM outlives its program for as long as anybody keeps one object/,
    shows: (o) => o["dead_vms"] === 1 && o["dead_vms_when_bo_is_gone"] === 0,
    always: true,
  },
  {
    workload: "W7",
    says: /But in the display's VM not what kernel code pins|cannot hold hard: .*the display's VM/,
    shows: (o) => o["leaked_in_scanout_vm"] === 1,
    always: true,
  },
  {
    workload: "W7",
    says: /cannot hold hard: in .*the kernel's own VMs/,
    shows: (o) => o["leaked_in_kernel_vm"] === 1,
    always: true,
  },
  {
    workload: "W10",
    says: /a mapping made after it is not torn down by it|cannot hold hard: in .*programs' VMs/,
    shows: (o) => (o["w10_leaked_bos"] ?? 0) > 0,
    always: true,
  },
  {
    workload: "W15",
    says: /But in programs' VMs not a mapping that no request ever used|cannot hold hard: in .*programs' VMs/,
    shows: (o) => (o["leaked_bos"] ?? 0) > 0,
    always: true,
  },
];

describe.each(study.subjects.map((subject) => ({ name: subjectName(subject), subject })))(
  "why says of $name what the study shows",
  ({ name, subject }) => {
    const { policy } = subject.variant;
    const text = whyText(policy, policy.boOwnership);
    const outcomeOf = (workload: string) =>
      study.cells.find((cell) => cell.workload === workload && `${cell.policy}:${cell.variant}` === name)
        ?.outcome;

    it.each(
      SENTENCES.map((sentence) => ({ sentence, title: `${sentence.workload} ${sentence.says.source}` })),
    )("$title", ({ sentence: { workload, says, shows, always } }) => {
      const outcome = outcomeOf(workload);
      if (outcome === undefined) return;
      if (says.test(text)) expect(outcome).toSatisfy(shows);
      else if (always === true) expect(outcome).not.toSatisfy(shows);
    });

    it("what leaks at the end of a file is not said to be held without leaking", () => {
      const outcome = outcomeOf("W8");
      if (outcome === undefined || (outcome["leaked_bos"] ?? 0) === 0) return;
      expect(verdictOf(policy).can).not.toBe("certain");
    });
  },
);
