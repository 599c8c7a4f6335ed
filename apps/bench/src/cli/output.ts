import { renameSync, writeFileSync } from "node:fs";

/** Whether to colour what goes to standard output. */
export function wantsColour(): boolean {
  const { NO_COLOR: no, TERM: term } = process.env;
  return process.stdout.isTTY === true && (no === undefined || no === "") && term !== "dumb";
}

/** Writes a file whole or not at all. */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}
