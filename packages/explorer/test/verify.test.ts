import { preempt } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type Call, type Scenario, verify } from "../src/index.ts";
import { hiddenVariable } from "./hidden-variable.ts";
import { scenario } from "./toy-scenario.ts";

/** Who it is says its number, which is no part of a state. */
class Made {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}

describe("the searches, held against each other", () => {
  it.each([[], ["late-get"]])("come to the same states and findings: %j", (...defects) => {
    const how = { failures: 1, plainSteps: 5000, meetings: 50, undone: 300 };
    const { whole, found, differs, meetings, undone } = verify(scenario(defects, false), how);
    expect(whole).toEqual(expect.arrayContaining(["dfs", "reversed", "bfs"]));
    expect(found.length > 0).toBe(defects.length > 0);
    expect(Math.min(meetings, undone)).toBeGreaterThan(10);
    expect(differs).toEqual([]);
  });

  /** Two threads make something each, a third one decides. */
  const deciding = (make: Call[], decide: Call): Scenario => ({
    ...scenario([]),
    sometimes: {},
    actors: [...make, decide].map((call, i) => ({ name: `T${i}`, calls: [call] })),
  });

  it("do not where somebody decides by a name that is no part of the state", () => {
    const makes = (key: string): Call => ({
      label: `makes ${key}`,
      *run({ bag, machine: { dev } }) {
        yield* preempt(dev, "preempt", "before");
        bag.set(key, new Made(dev.serial()));
        return 0;
      },
    });
    const decides: Call = {
      label: "decides",
      *run({ bag, machine: { dev } }) {
        yield* preempt(dev, "preempt", "before");
        const [a, b] = [bag.get("a"), bag.get("b")] as (Made | null)[];
        return a !== null && b !== null && (a as Made).id < (b as Made).id ? 1 : 0;
      },
    };
    const setup: Scenario["setup"] = ({ bag }) => void bag.set("a", null).set("b", null);
    const { differs } = verify({ ...deciding([makes("a"), makes("b")], decides), setup });
    expect(differs.join("\n")).toMatch(/meet in a state and go on otherwise/);
  });

  it("do not where a variable is no part of the state", () => {
    const { writes, reads, setup } = hiddenVariable();
    expect(verify({ ...deciding([writes(1), writes(2)], reads), setup }).differs).not.toEqual([]);
  });
});
