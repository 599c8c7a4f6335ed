import { readFileSync } from "node:fs";
import { DEFAULT_PARAMS, runStudyOn, studySubjects } from "@gpuvm/study";
import { expect, it } from "vitest";
import { pageWith } from "../src/format/study-page.ts";

const PAGE = new URL("../../docs/guides/why-does-msm-need-that.md", import.meta.url);

it("the page 'Why does msm need that?' has the tables that the commands print now (vitest -u brings it up to date)", async () => {
  const study = runStudyOn(studySubjects(), [], DEFAULT_PARAMS);
  await expect(pageWith(readFileSync(PAGE, "utf8"), study)).toMatchFileSnapshot(PAGE.pathname);
});

it("a marker that nothing is printed for is an error", () => {
  const study = runStudyOn([], [], DEFAULT_PARAMS);
  expect(() => pageWith("<!-- begin nonsense -->\n<!-- end nonsense -->", study)).toThrow("nonsense");
});
