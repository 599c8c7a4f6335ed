import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { VECTORS } from "@gpuvm/policy-msm/answers";
import { DEFAULT_PARAMS, runStudyOn, studySubjects } from "@gpuvm/study";
import { expect, it } from "vitest";

interface Answer {
  readonly seq: string;
  readonly req: string;
  /** Null: the call did not come back. */
  readonly ret: number | null;
  readonly ms?: number;
  readonly events?: readonly (string | readonly (string | number)[])[];
  readonly freed?: readonly string[];
  readonly resvLocks?: number;
  readonly queueLruLocks?: number;
  readonly bos?: readonly unknown[];
  readonly vms?: readonly { readonly vas: readonly unknown[] }[];
  readonly ring?: { readonly inFlight: readonly { readonly unmapped: readonly number[] }[] };
}
type Answers = readonly Answer[];

const sequences = new Map<string, Answer[]>();
for (const url of VECTORS) {
  if (!url.pathname.includes("study")) continue;
  for (const line of gunzipSync(readFileSync(url)).toString().trim().split("\n")) {
    const answer = JSON.parse(line) as Answer;
    sequences.set(answer.seq, [...(sequences.get(answer.seq) ?? []), answer]);
  }
}

const asked = (answers: Answers, words: string) => answers.find(({ req }) => req.startsWith(`msm ${words}`));
const upToLast = (answers: Answers, words: string) =>
  answers.slice(0, answers.findLastIndex(({ req }) => req.startsWith(`msm ${words}`)) + 1);
const events = (answers: Answers, ...begin: (string | number)[]) =>
  answers
    .flatMap((answer) => answer.events ?? [])
    .filter((event) => begin.every((word, i) => Array.isArray(event) && event[i] === word));
const freed = (answers: Answers) => answers.flatMap((answer) => answer.freed ?? []);
const waited = (answer: Answer | undefined) => answer?.ret === null || (answer?.ms ?? 0) > 0;
const inVm = (answers: Answers, vm: number, between: string) =>
  `${events(answers, "vmmap", vm).length}${between}${events(answers, "vmunmap", vm).length}`;

/** What a workload came to with the driver's own code, in the words of the study, without how long a wait was. */
const WORDS: Readonly<Record<string, (answers: Answers) => string>> = {
  W1(answers) {
    if ((answers.at(-1)?.bos?.length ?? 0) > 0) return "leaks";
    const close = asked(answers, "gemclose");
    if (waited(close)) return "waits";
    return close?.freed?.includes("bo1") ? "at retire" : "till unmap";
  },
  W2(answers) {
    const close = asked(answers, "gemclose");
    if (close?.ring?.inFlight.some(({ unmapped }) => unmapped.length > 0)) return "GPU FAULT";
    return waited(close) ? "waits" : "no wait";
  },
  W3: (answers) => inVm(upToLast(answers, "unflip"), 100, " / "),
  W4(answers) {
    const frames = upToLast(answers, "unflip");
    return `${inVm(frames, 100, "/")} ${inVm(frames, 2, "/")}`;
  },
  W5(answers) {
    if (freed(upToLast(answers, "closefd")).includes("vm2")) return "VM freed";
    return freed(answers).includes("vm2") ? "VM stays" : "VM leaks";
  },
  W6: (answers) => (waited(asked(answers, "gemclose")) ? "waits" : "no wait"),
  W7(answers) {
    const kept = [500, 501].filter((bo) => !freed(answers).includes(`bo${bo}`));
    return kept.length === 0 ? "freed" : kept.length === 1 ? "leaks (kms)" : "leaks";
  },
  W8: (answers) => `${answers.at(-1)?.bos?.length ?? 0} leaked`,
  W9(answers) {
    const gone = asked(answers, "gemclose")?.freed ?? [];
    if (!gone.includes("bo1")) return "not freed";
    const dangling = gone.filter((what) => what.startsWith("vm_bo") && what.endsWith("bo-1000)")).length;
    return dangling === 0 ? "none" : `${dangling} DANGLING`;
  },
  W12(answers) {
    let now = 0;
    let peak = 0;
    for (const event of answers.flatMap((answer) => answer.events ?? [])) {
      if (event[0] === "prealloc") now += event[1] as unknown as number;
      if (event[0] === "prealloc_cleanup") now -= event[1] as unknown as number;
      peak = Math.max(peak, now);
    }
    return `${peak} pages`;
  },
  W13(answers) {
    const ran = answers.flatMap(({ events }) => events ?? []).filter((e) => e[1] === "run" && e[4] === 1);
    return `${ran.length} of 12${waited(asked(answers, "exit")) ? ", waits" : ""}`;
  },
  W14: (answers) => (asked(answers, "gemclose")?.vms?.[0]?.vas.length === 0 ? "mapping gone" : "stays"),
  W15(answers) {
    const { bos = [], vms = [] } = answers.at(-1) ?? {};
    return bos.length > 0 && vms.length > 0 ? "leaks BO+VM" : "freed";
  },
};

const locksOf = (answers: Answers) => {
  const submit = asked(answers, "submit");
  return (submit?.resvLocks ?? 0) + (submit?.queueLruLocks ?? 0);
};

const study = runStudyOn(studySubjects(), [], DEFAULT_PARAMS);
const cells = study.cells.filter(({ evidence }) => evidence.answers !== null);

it.each(cells.map((cell) => ({ cell, name: `${cell.workload} ${cell.way}` })))(
  "$name is what the driver's own code answers",
  ({ cell }) => {
    const prefix = (cell.evidence.answers ?? "").replace("*", "");
    const of = (name: string) => sequences.get(`${prefix}${name}`) ?? [];
    const answers = prefix.includes("/min/") ? of("") : of("study");
    const word =
      cell.workload === "W11"
        ? `${locksOf(of("private"))} : ${locksOf(of("shared"))}`
        : WORDS[cell.workload]?.(answers);
    expect(word).toBe(cell.word.replace(/waits .*/, "waits"));
  },
);

it("covers every cell that the driver's own code was asked for", () => {
  expect(cells.filter(({ evidence }) => evidence.standing === "answered").length).toBe(23);
  expect(cells.filter(({ evidence }) => evidence.standing === "changed").length).toBe(51);
});
