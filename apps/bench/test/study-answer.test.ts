import type { Study } from "@gpuvm/study";
import { expect, it } from "vitest";
import { studyAnswer } from "../src/format/study-answer.ts";

type Words = Readonly<Record<string, string>>;

/** A study of which only what the answer reads is there. */
function study(words: Readonly<Record<string, Words>>): Study {
  const cells = Object.entries(words).flatMap(([workload, of]) =>
    Object.entries(of).map(([way, word]) => ({ workload, way, word })),
  );
  const workloads = Object.keys(words).map((id) => ({ id, title: `title of ${id}` }));
  return { cells, workloads, skipped: [] } as unknown as Study;
}

it("says of what decides which ways come to what, the most frequent last", () => {
  const asked = study({
    W1: { A: "freed" },
    W3: { A: "3 / 0", B: "120 / 120" },
    W5: { A: "leaks", B: "freed", C: "freed", D: "freed", E: "freed" },
  });
  expect(studyAnswer(asked)).toEqual([
    "A program exits, and another one has its buffer (W5): leaks under A; freed under the other 4.",
    "Page flips, as maps and unmaps in the display's VM (W3): 3/0 under A; 120/120 under B.",
  ]);
});

it("takes what was run where nothing of that was, and does not call all of them others", () => {
  expect(studyAnswer(study({ W1: { A: "freed", B: "freed" }, W7: { A: "stays" } }))).toEqual([
    "title of W1 (W1): freed under each of the 2.",
    "title of W7 (W7): stays under A.",
  ]);
  expect(studyAnswer(study({}))).toEqual([]);
});
