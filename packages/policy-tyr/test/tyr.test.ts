import { describe, expect, it } from "vitest";
import { tyr } from "../src/index.ts";

const { mainline } = tyr.variants;

describe("tyr", () => {
  it("maps in the firmware's VM only, and says that programs have none", () => {
    expect(mainline.vms).toEqual(["kernel"]);
    expect(mainline.capabilities.find(({ name }) => name === "user-vms")?.supported).toBe(false);
    expect(tyr.noPrograms).toMatch(/no interface for programs/);
  });

  it("invents no event that a program could cause", () => {
    expect(mainline.teardown.every(({ causedBy }) => causedBy === "driver")).toBe(true);
  });

  it("names a source for each edge, event and rule", () => {
    const all = [...mainline.edges, ...mainline.teardown, ...(mainline.kept ?? [])];
    expect(all.filter(({ source }) => source === "")).toEqual([]);
    expect(mainline.kept?.every(({ keptBy, byHand }) => keptBy !== "" && byHand !== "")).toBe(true);
  });
});
