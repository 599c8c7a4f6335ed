import { describe, expect, it } from "vitest";
import { guide } from "./support/guide.ts";
import { type Mode, runCase } from "./support/run-case.ts";
import { SM_CASES } from "./support/sm-cases.ts";

describe.each<Mode>(["units", "pages", "exact"])("worked cases, %s", (mode) => {
  it.each(SM_CASES)("$kind $id: $title", (c) => {
    expect(runCase(c, mode).steps).toEqual(c.steps);
  });
});

describe("what is mapped afterwards does not depend on how the VM keeps it", () => {
  it.each(SM_CASES)("$kind $id", (c) => {
    const { after } = runCase(c, "exact");
    expect(runCase(c, "units").after).toEqual(after);
    expect(runCase(c, "pages").after).toEqual(after);
  });
});

it("the guide's pictures are what the model does", async () => {
  await expect(guide()).toMatchFileSnapshot("../../../apps/docs/guides/split-and-merge.md");
});
