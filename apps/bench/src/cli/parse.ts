import { UsageError } from "@gpuvm/drm-model";

/** A word as it is. */
export function word(input: string): string {
  return input;
}

/** A whole number of at least 1. */
export function positive(input: string): number {
  const n = Number(input);
  if (!Number.isInteger(n) || n < 1) throw new UsageError(`"${input}" is not a whole number of at least 1`);
  return n;
}

/** A number of at least 0. */
export function nonNegative(input: string): number {
  const n = Number(input);
  if (!(n >= 0) || input.trim() === "") throw new UsageError(`"${input}" is not a number of at least 0`);
  return n;
}

/** `5%` or `0.05`: a share. */
export function percentage(input: string): number {
  return input.endsWith("%") ? nonNegative(input.slice(0, -1)) / 100 : nonNegative(input);
}

/** `4K`, `64K`, `2M`: bytes of each contiguous piece of memory; `whole`: one piece. */
export function contiguity(input: string): number {
  if (input === "whole") return Number.POSITIVE_INFINITY;
  const [, digits = "", unit = ""] = /^(\d+)([KMG]?)$/.exec(input) ?? [];
  const bytes = Number(digits) * 1024 ** " KMG".indexOf(unit || " ");
  if (bytes >= 4096 && Number.isInteger(Math.log2(bytes))) return bytes;
  throw new UsageError(`"${input}" is not a power of two from 4K on, such as 64K or 2M, nor "whole"`);
}

/** `0`, `64M`, `8G`: bytes. */
export function bytes(input: string): number {
  const [, digits, unit = ""] = /^(\d+)([KMG]?)$/.exec(input) ?? [];
  if (digits === undefined) throw new UsageError(`"${input}" is not a number of bytes, such as 64M or 8G`);
  return Number(digits) * 1024 ** " KMG".indexOf(unit || " ");
}

/** At least one file, as the command's usage says. */
export function someFiles(files: readonly string[]): readonly string[] {
  if (files.length === 0) throw new UsageError("name at least one file; - is standard input");
  return files;
}

/** A regular expression that does not mind capitals. */
export function pattern(input: string): RegExp {
  try {
    return new RegExp(input, "i");
  } catch (error) {
    throw new UsageError(`"${input}" is no regular expression: ${(error as Error).message}`);
  }
}

/** `2/5`: the second of five parts. */
export function shard(input: string): { index: number; of: number } {
  const [, index = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(input) ?? []).map(Number);
  if (index < 1 || index > of) throw new UsageError(`"${input}" is not i/n with 1 <= i <= n, such as 2/5`);
  return { index, of };
}
