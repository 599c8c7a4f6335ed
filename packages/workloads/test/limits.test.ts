import { UsageError } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { WORKLOADS } from "../src/catalogue.ts";
import { mapOp, Stage } from "../src/client.ts";
import { chosenWorkload, openWorkload } from "../src/open-workload.ts";

describe.each(WORKLOADS)("$name", ({ name, parameters }) => {
  const all = Object.entries(parameters);

  it("takes what is in the range of each parameter, and nothing else", () => {
    for (const [key, { value, least, most }] of all) {
      expect(value).toBeGreaterThanOrEqual(least);
      expect(value).toBeLessThanOrEqual(most);
      for (const fine of [least, most]) chosenWorkload(`${name}:${key}=${fine}`);
      for (const wrong of [least - 1e-3, most * 1.001, Number.NaN, "1e999", "-Infinity", ""]) {
        expect(() => chosenWorkload(`${name}:${key}=${wrong}`)).toThrow(
          `${name}: ${key} is "${wrong}", which is no number from ${least} to ${most}`,
        );
      }
    }
  });

  it("asks for something with each parameter at its least", async () => {
    for (const [key, { least }] of all) {
      for await (const batch of openWorkload(`${name}:${key}=${least}`, 1).batches()) {
        expect(batch.length, key).toBeGreaterThan(0);
        break;
      }
    }
  });
});

describe("what is asked for before anybody takes it", () => {
  const ops = Array.from({ length: 600_000 }, () => mapOp(1, 0, 0, 4096));

  it("is not without end, over all programs", () => {
    const stage = new Stage();
    const [one, other] = [stage.client(), stage.client()];
    one.bind(ops);
    expect(() => other.bind(ops)).toThrow(UsageError);
  });

  it("can go on for ever if it is taken", () => {
    const client = new Stage().client();
    for (let i = 0; i < 4; i++) {
      client.bind(ops);
      client.take();
    }
  });

  it("has the addresses that a program has", () => {
    const client = new Stage().client();
    client.reserve(2 ** 46);
    expect(() => client.reserve(2 ** 46)).toThrow(/128 TiB/);
  });
});
