import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

/**
 * The lines of a log. Its file is longer than what was written: zeros follow, and, where the program was killed in the middle of a
 * line, that piece of one; `cut` is called for it.
 */
export async function* logLines(file: string, cut: () => void): AsyncGenerator<string> {
  const input = createReadStream(file, { encoding: "utf8" });
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const zero = line.indexOf("\0");
    if (zero < 0 && line.endsWith("}")) yield line;
    else {
      if (zero !== 0) cut();
      input.destroy();
      return;
    }
  }
}
