import type { BoOwnership } from "@gpuvm/core";
import { expect, it } from "vitest";
import type { Study } from "../src/run-study.ts";
import { unendedAnswer } from "../src/unended-answer.ts";
import { triedRows, unendedRows } from "../src/unended-rows.ts";
import type { Outcome } from "../src/workloads/workload.ts";

const W = { id: "W16", title: "a hang", unended: true };

/** Ways, each with what it came to held hard and held soft; its own is hard. */
function study(ways: Readonly<Record<string, readonly [hard: Outcome, soft: Outcome]>>): Study {
  const word = (outcome: Outcome) => JSON.stringify(outcome);
  const cells = Object.entries(ways).map(([way, [outcome, other]]) => ({
    workload: "W16",
    way,
    ownership: "hard" as BoOwnership,
    outcome,
    word: word(outcome),
    tried: { ownership: "soft", outcome: other, word: word(other) },
  }));
  return { cells, workloads: [W] } as unknown as Study;
}

const CLEAN = { unmapped_running_n: 0, close_wait_ms_n: 0, leaked_objects_n: 0 };

it("counts each way once, and says what soft costs and spares against hard", () => {
  const asked = study({
    "a:1": [CLEAN, { ...CLEAN, unmapped_running_n: 3, freed_mapped_n: 1 }],
    "b:1": [{ ...CLEAN, leaked_objects_n: 2 }, CLEAN],
    "c:1": [
      { ...CLEAN, close_wait_ms_n: 2100 },
      { ...CLEAN, close_wait_ms_n: 10 },
    ],
  });
  expect(unendedAnswer(asked)).toEqual([
    "What is still in use goes in none of 3 variants held hard, and in 1 of 3 variants (a:1) held soft.",
    "During a hang a close waits in 1 of 3 variants (c:1), up to 2.1 s held hard, and in 1 of 3 variants (c:1), up to 10 ms held soft; something is left for good in 1 of 3 variants (b:1) held hard, and in none of 3 variants held soft.",
    "So soft ownership costs a loss of what is in use in 1 variant, and spares a leak in 1 variant.",
  ]);
});

it("ties and zeros: what is the same under both is said once, and nothing is made of it", () => {
  const same = { ...CLEAN, unmapped_running_n: 1, close_wait_ms_n: 5 };
  expect(unendedAnswer(study({ "a:1": [same, same], "b:1": [same, same] }))).toEqual([
    "What is still in use goes in each of 2 variants, held hard or soft.",
    "During a hang a close waits in each of 2 variants, up to 5 ms, held hard or soft; something is left for good in none of 2 variants, held hard or soft.",
    "So soft ownership costs and spares none of the three in any variant.",
  ]);
  // As many, but others: no tie.
  const [first] = unendedAnswer(study({ "a:1": [same, CLEAN], "b:1": [CLEAN, same] }));
  expect(first).toBe(
    "What is still in use goes in 1 of 2 variants (a:1) held hard, and in 1 of 2 variants (b:1) held soft.",
  );
});

it("one row, names that are many, and figures that nobody measured", () => {
  expect(unendedAnswer(study({ "a:1": [{ left_objects: 0 }, { left_objects: 1 }] }))).toEqual([
    "Something is left for good in no variant held hard, and in the one variant held soft.",
    "So soft ownership costs a leak in 1 variant, and spares none of them.",
  ]);
  const many = Object.fromEntries(
    ["a", "b", "c", "d", "e", "f"].map((name) => [
      `${name}:1`,
      [CLEAN, name === "f" ? CLEAN : { ...CLEAN, findings: 1 }] as const,
    ]),
  );
  expect(unendedAnswer(study(many))[0]).toBe(
    "What is still in use goes in none of 6 variants held hard, and in 5 of 6 variants held soft.",
  );
  // What a program takes from its own job, with its VM, is its own affair.
  expect(unendedAnswer(study({ "a:1": [{ unmapped_running_vm: 3 }, { unmapped_running_vm: 3 }] }))).toEqual([
    "So soft ownership costs and spares none of the three in any variant.",
  ]);
  expect(unendedAnswer(study({}))).toEqual([]);
  expect([unendedRows(study({})), triedRows(study({}))]).toEqual([[], { rows: [], same: [] }]);
});

it("the rows: words with how often they came, the most frequent first; ways that differ apart from those that do not", () => {
  const [a, b] = [{ x: 1 }, { x: 2 }];
  const asked = study({ "a:1": [a, b], "b:1": [b, b], "c:1": [b, b] });
  expect(unendedRows(asked)).toEqual([["W16 a hang", '{"x":2} (2); {"x":1} (1)', '{"x":2} (3)']]);
  expect(triedRows(asked)).toEqual({
    rows: [
      ["a:1", "hard", '{"x":1}'],
      ["a:1", "soft, tried", '{"x":2}'],
    ],
    same: ["b:1", "c:1"],
  });
});
