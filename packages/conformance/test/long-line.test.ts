import { expect, it } from "vitest";
import { replayVectors, VectorError } from "../src/index.ts";

const MIB = new Uint8Array(2 ** 20).fill(0x20);

async function* mebibytes(count: number, end = ""): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield MIB;
  yield new TextEncoder().encode(end);
}

it("a file without newlines is refused, not held", async () => {
  const endless = replayVectors(mebibytes(1000), { file: "x" });
  await expect(endless).rejects.toThrow(VectorError);
  await expect(endless).rejects.toThrow(/longer than 16777216 characters/);
});

it("a line that comes in pieces is one", async () => {
  const bad = replayVectors(mebibytes(2, '{"op":"nonsense"}\n'), { file: "x" });
  await expect(bad).rejects.toThrow(/nonsense/);
});
