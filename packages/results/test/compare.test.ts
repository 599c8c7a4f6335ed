import { describe, expect, it } from "vitest";
import { compareResults } from "../src/compare.ts";
import { resultsFile, runOf } from "./results-fixture.ts";

const spread = (center: number) => [-3, -2, -1, 0, 1, 2, 3, 0, 1, -1].map((d) => center * (1 + d / 200));

function verdicts(before: Parameters<typeof runOf>, after: Parameters<typeof runOf>, threshold = 0.05) {
  const { differences } = compareResults(
    resultsFile(runOf(...before)),
    resultsFile(runOf(...after)),
    threshold,
  );
  return differences.filter((d) => d.verdict !== "same").map((d) => `${d.metric} ${d.verdict}`);
}

describe("compare", () => {
  it("is silent where nothing differs", () => {
    expect(verdicts([{}, spread(10)], [{}, spread(10)])).toEqual([]);
  });

  it("shows a planted 10 % in time, either way", () => {
    expect(verdicts([{}, spread(10)], [{}, spread(11)])).toEqual(["replay_ms worse"]);
    expect(verdicts([{}, spread(11)], [{}, spread(10)])).toEqual(["replay_ms better"]);
  });

  it("does not call a difference within the noise", () => {
    expect(verdicts([{}, spread(10)], [{}, spread(10.03)], 0)).toEqual([]);
  });

  it("does not call a difference from one sample a side", () => {
    expect(verdicts([{}, [10]], [{}, [20]])).toEqual([]);
  });

  it("takes counts as exact, and the threshold into account", () => {
    expect(verdicts([{ ptes_written: 100 }], [{ ptes_written: 120 }])).toEqual(["ptes_written worse"]);
    expect(verdicts([{ ptes_written: 100 }], [{ ptes_written: 101 }])).toEqual(["ptes_written changed"]);
    expect(verdicts([{ hazards: 0 }], [{ hazards: 1 }])).toEqual(["hazards worse"]);
    expect(verdicts([{ maps: 100 }], [{ maps: 200 }])).toEqual(["maps changed"]);
  });

  it("names what is in one file only", () => {
    const result = compareResults(resultsFile(runOf()), resultsFile(runOf({ trace: "u" })), 0);
    expect([result.onlyBefore, result.onlyAfter]).toEqual([["t.jsonl.gz on msm:soft"], ["u on msm:soft"]]);
  });
});
