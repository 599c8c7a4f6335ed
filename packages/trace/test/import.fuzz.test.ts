/** Whatever a file holds, importing and linting it ends, and fails with the one error only. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ImportFormat, importFile, Linter, sniff, TraceError } from "../src/node/index.ts";

const dir = fileURLToPath(new URL("../samples/", import.meta.url));
const files = readdirSync(dir).filter((f) => f !== "README.md");

async function run(bytes: Uint8Array, format: ImportFormat, step: number): Promise<boolean> {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += step) pieces.push(bytes.subarray(i, i + step));
  const linter = new Linter("x", () => {});
  try {
    for await (const batch of await importFile(pieces, { format, file: "x" })) {
      for (const item of batch) linter.push(item);
    }
    linter.end();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(TraceError);
    return false;
  }
}

describe.each(files)("%s", (file) => {
  const sample = readFileSync(dir + file);
  const format = sniff(sample.toString()) as ImportFormat;

  test("survives damage", async () => {
    let fine = 0;
    const edit = fc.tuple(fc.nat(sample.length), fc.nat(8), fc.string({ maxLength: 12 }));
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { maxLength: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        async (edits, step) => {
          let text = sample.toString("latin1");
          for (const [at, remove, insert] of edits)
            text = text.slice(0, at) + insert + text.slice(at + remove);
          if (await run(Buffer.from(text, "latin1"), format, step)) fine++;
        },
      ),
      { verbose: true, numRuns: 150 },
    );
    // Damage that always is an error would say little of the rest.
    expect(fine).toBeGreaterThan(0);
  });

  test("survives any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await run(bytes, format, 64);
      }),
      { verbose: true, numRuns: 50 },
    );
  });
});
