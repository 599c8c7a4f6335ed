/** Finds a program, and says why it could not be watched. */
import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { RecordError } from "./record-error.ts";

const MACHINES: Readonly<Record<string, number>> = {
  x64: 62,
  arm64: 183,
  riscv64: 243,
  loong64: 258,
  ppc64: 21,
  s390x: 22,
};
const PT_INTERP = 3;
const SET_USER_ID = 0o4000;
const SET_GROUP_ID = 0o2000;

/** Where a program lies, as a shell would find it. */
export function findProgram(name: string, path: string = process.env["PATH"] ?? ""): string {
  const places = name.includes("/") ? [resolve(name)] : path.split(delimiter).map((dir) => join(dir, name));
  for (const place of places) {
    try {
      accessSync(place, constants.X_OK);
      if (statSync(place).isFile()) return place;
    } catch {
      // Not here.
    }
  }
  throw new RecordError(`there is no program "${name}"; is it installed, and its name right?`);
}

function firstBytes(file: string, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const fd = openSync(file, "r");
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, length, 0));
  } finally {
    closeSync(fd);
  }
}

function hasInterpreter(head: Buffer): boolean {
  const at = Number(head.readBigUInt64LE(32));
  const size = head.readUInt16LE(54);
  const count = head.readUInt16LE(56);
  for (let i = 0; i < count && at + (i + 1) * size <= head.length; i++)
    if (head.readUInt32LE(at + i * size) === PT_INTERP) return true;
  return false;
}

/**
 * Why a library can't be preloaded into a program; undefined if nothing speaks against it. Follows `#!`.
 *
 * @param file - As {@link findProgram} gives it.
 */
export function whyNotWatched(file: string, depth = 0): string | undefined {
  const real = realpathSync(file);
  const { mode, uid, gid } = statSync(real);
  if (
    ((mode & SET_USER_ID) !== 0 && uid !== process.getuid?.()) ||
    ((mode & SET_GROUP_ID) !== 0 && gid !== process.getgid?.())
  )
    return `${file} is set-user-ID or set-group-ID: the dynamic linker preloads nothing into such a program; record it as the user it changes to, or a copy without the bit`;
  let head: Buffer;
  try {
    head = firstBytes(real, 65536);
  } catch {
    // It may be run but not read.
    return undefined;
  }
  const script = /^#!\s*(\S+)/.exec(head.subarray(0, 256).toString("latin1"));
  if (script !== null && depth < 4) {
    try {
      return whyNotWatched(script[1] as string, depth + 1);
    } catch {
      return undefined;
    }
  }
  if (head.length < 64 || head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  if (
    head[4] !== 2 ||
    head[5] !== 1 ||
    head.readUInt16LE(18) !== (MACHINES[process.arch] ?? head.readUInt16LE(18))
  )
    return `${file} is built for another machine than ${process.arch} (a 32-bit program?): the recorder's library is built for ${process.arch} and can't be loaded into it`;
  return hasInterpreter(head)
    ? undefined
    : `${file} is linked statically: no dynamic linker runs that could load the recorder; record a dynamically linked build of it`;
}
