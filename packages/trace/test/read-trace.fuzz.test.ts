/** No bytes make the readers fail with anything but their own error. */
import { gzipSync } from "node:zlib";
import type { Request, TraceHeader } from "@gpuvm/drm-model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeTrace, readTrace, readTraceSync, TraceError } from "../src/node/index.ts";
import { anyTrace } from "./any-trace.ts";
import { bytes } from "./lines.ts";

const header: TraceHeader = { format: "gpu-bo-trace", version: 1, driver: "msm" };

type Outcome = { requests: readonly Request[] } | { message: string };

function outcome(input: Uint8Array): Outcome {
  try {
    return { requests: readTraceSync(input).requests };
  } catch (error) {
    expect(error).toBeInstanceOf(TraceError);
    return { message: (error as TraceError).message };
  }
}

async function streamOutcome(pieces: Uint8Array[]): Promise<Outcome> {
  const requests: Request[] = [];
  try {
    for await (const batch of await readTrace(pieces)) requests.push(...batch);
    return { requests };
  } catch (error) {
    expect(error).toBeInstanceOf(TraceError);
    return { message: (error as TraceError).message };
  }
}

const seen = { read: 0, refused: 0 };

test("any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (input, gzip) => {
      outcome(gzip ? gzipSync(input) : input);
    }),
    { verbose: true, numRuns: 500 },
  );
});

test("any JSON under a good header", () => {
  fc.assert(
    fc.property(fc.array(fc.json({ maxDepth: 3 }), { maxLength: 5 }), (lines) => {
      outcome(bytes(...lines));
    }),
    { verbose: true, numRuns: 500 },
  );
});

test("good traces with damage; a stream in pieces says the same as the whole", async () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(
      anyTrace(),
      damage,
      fc.integer({ min: 1, max: 200 }),
      fc.nat(),
      async (trace, hits, step, cut) => {
        const full = encodeTrace(header, trace);
        const input = full.slice(0, cut % 4 === 0 ? cut % (full.length + 1) : full.length);
        for (const [at, value] of hits) if (input.length > 0) input[at % input.length] = value;
        const whole = outcome(input);
        const pieces: Uint8Array[] = [];
        for (let i = 0; i < input.length; i += step) pieces.push(input.slice(i, i + step));
        expect(await streamOutcome(pieces)).toEqual(whole);
        if ("requests" in whole) seen.read++;
        else seen.refused++;
      },
    ),
    { verbose: true, numRuns: 300 },
  );
  // The property says nothing when only one of the two ever happens.
  expect(seen.read).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});
