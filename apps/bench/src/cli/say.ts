import { once } from "node:events";
import { styleText } from "node:util";
import { visible, visibleLine } from "@gpuvm/drm-model";
import { wantsColour } from "./output.ts";

/** What the program itself makes bold; nothing else may act on a terminal. */
const [ON = "", OFF = ""] = styleText("bold", "|", { validateStream: false }).split("|");

/** Writes to standard output. What names from anywhere could do to a terminal is written out. */
export function print(text: string): void {
  process.stdout.write(wantsColour() ? visibleButBold(text) : visible(text));
}

function visibleButBold(text: string): string {
  const closed = (part: string) => part.split(OFF).map(visible).join(OFF);
  return text.split(ON).map(closed).join(ON);
}

/** Writes one line to standard error, however a name in it is made. */
export function say(line: string): void {
  process.stderr.write(`${visibleLine(line.endsWith("\n") ? line.slice(0, -1) : line)}\n`);
}

/** Resolves when whoever reads standard output has caught up: what is printed meanwhile would be held in memory. */
export async function readersPace(signal: AbortSignal): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, "drain", { signal });
}
