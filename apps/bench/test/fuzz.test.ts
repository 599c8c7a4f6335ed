/** The short, repeatable part of `npm run fuzz`: known inputs, those that broke something once, and a few damaged ones. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { damaged } from "./fuzz/damage.ts";
import { isRefusal, TARGETS } from "./fuzz/targets.ts";

const FOUND = new URL("fuzz/found/", import.meta.url);

/** Damaged inputs for each target; those that replay on all policies take longest. */
const INPUTS = 25;
const SLOW: Readonly<Record<string, number>> = { replay: 5, export: 10, workload: 5 };

describe.each([...TARGETS])("%s", (name, { seeds, read }) => {
  /** Whether it was read; what is no refusal is thrown on. */
  async function fed(bytes: Buffer): Promise<boolean> {
    try {
      await read(bytes);
      return true;
    } catch (error) {
      if (isRefusal(error)) return false;
      throw new Error(`${name} broke at ${JSON.stringify(bytes.toString("latin1"))}`, { cause: error });
    }
  }

  it("reads what it is for, and refuses or reads all else", async () => {
    const known = seeds();
    let understood = 0;
    for (const bytes of known) if (await fed(bytes)) understood++;
    expect(understood).toBeGreaterThan(0);
    for (const bytes of damaged(known, 1, SLOW[name] ?? INPUTS)) await fed(bytes);
    const found = existsSync(FOUND) ? readdirSync(FOUND) : [];
    for (const file of found.filter((one) => one.startsWith(`${name}--`)))
      await fed(readFileSync(new URL(file, FOUND)));
  });
});

it("finds what breaks: a reader that fails with another error is not taken for one that refuses", () => {
  expect(isRefusal(new TypeError("x is undefined"))).toBe(false);
  expect(isRefusal(new RangeError("Invalid array length"))).toBe(false);
});

it("draws the same inputs from the same seed, and others from another", () => {
  const corpus = [Buffer.from('{"a":1}\n{"b":2}\n')];
  const drawn = (seed: number) => [...damaged(corpus, seed, 20)].map(String);
  expect(drawn(3)).toEqual(drawn(3));
  expect(drawn(3)).not.toEqual(drawn(4));
});
