import { existsSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CODE_NAMES, DATA_NAME } from "./config.ts";

/** What a search for a configuration comes to. */
export interface Found {
  /** The file whose defaults hold; absent: there is none. */
  readonly path?: string;
  /** Files that were passed over, with why, in words. */
  readonly passedOver: readonly string[];
}

/** What marks the root of a project, the surer first. */
const ROOT_MARKS = [".git", "package.json"];

/**
 * Looks for `gpuvm.config.json` from a folder up to the root of the project that the folder is in; outside of any project,
 * in the folder itself only. Code is never what is found: who wants it to run names it.
 */
export function findConfig(folder: string): Found {
  const passedOver: string[] = [];
  const top = rootOf(resolve(folder));
  for (let dir = resolve(folder); ; dir = dirname(dir)) {
    for (const name of CODE_NAMES) {
      const path = join(dir, name);
      if (existsSync(path))
        passedOver.push(`${path} is code, and is run only when it is named: --config ${path}`);
    }
    const path = join(dir, DATA_NAME);
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isFile()) {
      if (isOwn(there)) return { path, passedOver };
      passedOver.push(`${path} is another user's, and is used only when it is named: --config ${path}`);
    }
    if (dir === top || dirname(dir) === dir) return { passedOver };
  }
}

function rootOf(folder: string): string {
  for (const mark of ROOT_MARKS) {
    for (let dir = folder; ; dir = dirname(dir)) {
      if (existsSync(join(dir, mark))) return dir;
      if (dirname(dir) === dir) break;
    }
  }
  return folder;
}

/** Whether a file is the user's own, or the system's. */
function isOwn({ uid }: Stats): boolean {
  const me = process.getuid?.();
  return me === undefined || uid === me || uid === 0;
}
