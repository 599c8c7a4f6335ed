/** Which files are run as transformed code: all but those of installed packages, of the log itself, and of the explorer where it searches. */
export function isExplored(file: string): boolean {
  const path = file.replaceAll("\\", "/");
  if (!/\.[cm]?[jt]s$/.test(path) || path.endsWith(".d.ts") || path.includes("/node_modules/")) return false;
  if (/\/gpuvm-core\/(?:src|dist)\/undo\//.test(path)) return false;
  const explorer = /\/explorer\/(?:src|dist)\/(.*)$/.exec(path);
  return explorer === null || /^(?:engine|scenario)\//.test(explorer[1] as string);
}

/** What a file is called wherever the checkout lies: its last folders. */
export function nameOf(file: string): string {
  return file.replaceAll("\\", "/").split("/").slice(-4).join("/");
}
