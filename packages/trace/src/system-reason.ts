/** What the system's codes mean, in words; what both readers and writers meet stands in `BOTH`. */
const BOTH: Readonly<Record<string, string>> = {
  ENOTDIR: "a part of the path is a file, not a folder",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its symbolic links lead in a circle",
  EMFILE: "too many files are open",
  EIO: "the device answers with an error",
};
const READING: Readonly<Record<string, string>> = {
  ...BOTH,
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "you may not read it",
  EPERM: "you may not read it",
};
const WRITING: Readonly<Record<string, string>> = {
  ...BOTH,
  ENOENT: "there is no such folder",
  EISDIR: "it is a folder",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is used up",
};

/**
 * What the system said of a file, in words for whoever named it: `ENOENT` is "there is no such file" to a reader and "there is
 * no such folder" to a writer. What has no code, or an unusual one, is told by its message.
 */
export function systemReason(cause: unknown, act: "read" | "write"): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const known = act === "read" ? READING : WRITING;
  if (Object.hasOwn(known, code)) return known[code] as string;
  return cause instanceof Error ? cause.message : String(cause);
}
