import { accessSync, constants, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { systemReason } from "@gpuvm/trace";

/**
 * Before any work: whether files can be written where the user wants them, none of them twice, and none over what is read. A
 * device or a FIFO is what it is. `undefined` are outputs that nobody asked for; inputs may have names that are no files.
 *
 * @throws UsageError that names the file and says what to do
 */
export function checkOutputs(outputs: readonly (string | undefined)[], inputs: readonly string[] = []): void {
  const taken = new Map<string, string>();
  for (const path of inputs) if (isFile(path)) taken.set(realpathSync(path), "it is read");
  for (const path of outputs) {
    if (path === undefined) continue;
    if (path === "") throw new UsageError(`"" is no name of a file to write`);
    const there = statOf(path);
    if (there?.isDirectory() === true) throw new UsageError(`${path}: is a folder; name a file in it`);
    if (there !== undefined && !there.isFile()) continue;
    mayWrite(path, there !== undefined);
    const place =
      there === undefined ? join(realpathSync(dirname(path)), basename(path)) : realpathSync(path);
    const why = taken.get(place);
    if (why !== undefined) throw new UsageError(`${path}: can't be written, as ${why}; name another file`);
    taken.set(place, "something else is written there");
  }
}

function mayWrite(path: string, there: boolean): void {
  const folder = dirname(path);
  try {
    if (!statSync(folder).isDirectory())
      throw new UsageError(`${path}: can't be written: ${folder} is no folder`);
    // What is there is replaced as a whole, so the folder is written to in any case.
    accessSync(folder, constants.W_OK);
    if (there) accessSync(path, constants.W_OK);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = isMissing ? `there is no folder ${folder}; make it first` : systemReason(error, "write");
    throw new UsageError(`${path}: can't be written: ${why}`);
  }
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() === true;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A part of the path is no folder, or may not be read: who writes or reads says so.
    return undefined;
  }
}
