import { WholeFile } from "../export/whole-file.ts";

/** Whether to colour what goes to standard output. */
export function wantsColour(): boolean {
  const { NO_COLOR: no, TERM: term } = process.env;
  return process.stdout.isTTY === true && (no === undefined || no === "") && term !== "dumb";
}

/** Whether somebody reads what is printed in columns: on a terminal, or with `COLUMNS` set. */
export function hasColumns(): boolean {
  return process.stdout.isTTY === true || Number(process.env["COLUMNS"]) > 0;
}

/** No table is readable in less. */
const LEAST_COLUMNS = 40;

/**
 * Columns of the terminal, or of `COLUMNS` where the user has set it; 100 where there is neither, so that a file is the same
 * wherever it is written.
 */
export function terminalWidth(): number {
  const asked = Number(process.env["COLUMNS"]);
  if (Number.isInteger(asked) && asked > 0) return Math.max(LEAST_COLUMNS, asked);
  return process.stdout.isTTY === true ? Math.max(LEAST_COLUMNS, process.stdout.columns) : 100;
}

/** Writes a file whole or not at all. @throws UsageError if it can't be written */
export function writeWhole(path: string, text: string): void {
  const file = new WholeFile(path);
  try {
    file.write(text);
    file.close();
  } catch (error) {
    file.abort();
    throw error;
  }
}
