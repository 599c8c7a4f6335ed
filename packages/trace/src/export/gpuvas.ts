import { GPUVAS_RULE, GPUVAS_TITLE, REGIONS_RULE, REGIONS_TITLE } from "../import/gpuvas.ts";
import type { GpuvasSpace } from "../import/parse-gpuvas.ts";

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;
}

/**
 * Prints address spaces as the kernel's `gpuvas` does, byte for byte. Kernel pointers are printed as they are; use
 * {@link redactGpuvas} before giving a dump to others.
 */
export function printGpuvas(spaces: Iterable<GpuvasSpace>): string {
  let out = "";
  for (const s of spaces) {
    out += `DRM GPU VA space (${s.name}) [${hex(s.start)};${hex(s.end)}]\n`;
    out += `Kernel reserved node [${hex(s.reservedStart)};${hex(s.reservedEnd)}]\n\n${GPUVAS_TITLE}\n${GPUVAS_RULE}\n`;
    for (const m of s.mappings) {
      const cells = [m.va, m.length, m.va + m.length, m.object, m.offset];
      out += `     | ${cells.map(hex).join(" | ")}\n`;
    }
    if (s.regions !== undefined) {
      out += `\n${REGIONS_TITLE}\n${REGIONS_RULE}\n`;
      for (const r of s.regions)
        out += `             | ${[r.va, r.length, r.va + r.length].map(hex).join(" | ")}\n`;
    }
    out += "\n".repeat(s.emptyLines);
  }
  return out;
}

/** Replaces kernel pointers by small numbers, the same for the same object. The kernel doesn't hash them in `gpuvas`. */
export function redactGpuvas(spaces: Iterable<GpuvasSpace>): GpuvasSpace[] {
  const numbers = new Map<bigint, bigint>([[0n, 0n]]);
  return Array.from(spaces, (s) => ({
    ...s,
    mappings: s.mappings.map((m) => {
      const object = numbers.get(m.object) ?? BigInt(numbers.size);
      numbers.set(m.object, object);
      return { ...m, object };
    }),
  }));
}
