import { gpuvasImporter, isGpuvasStart, REGIONS_TITLE } from "./gpuvas.ts";
import type { Imported, SnapshotMapping, SnapshotRegion, SnapshotSpace } from "./imported.ts";

/** One address space of a `gpuvas` dump, with all that is needed to print it again byte for byte. */
export interface GpuvasSpace extends Omit<SnapshotSpace, "type" | "space"> {
  readonly mappings: readonly Required<Omit<SnapshotMapping, "type" | "space" | "properties">>[];
  /** nouveau: the table of regions, which may be empty. */
  readonly regions?: readonly Omit<SnapshotRegion, "type" | "space">[];
  /** Empty lines after the space: 1 on panthor, 0 on msm. */
  readonly emptyLines: number;
}

/**
 * Parses a whole `gpuvas` dump. `printGpuvas` is its inverse on what the kernel prints.
 *
 * @throws TraceError when a space is damaged.
 *
 * @example
 * ```ts
 * import { parseGpuvas, printGpuvas } from "@gpuvm/trace";
 * const space = { name: "a", start: 0n, end: 4096n, reservedStart: 0n, reservedEnd: 0n, mappings: [], emptyLines: 0 };
 * parseGpuvas(printGpuvas([space]))[0]?.name; // "a"
 * ```
 */
export function parseGpuvas(text: string, file = "<input>"): readonly GpuvasSpace[] {
  const importer = gpuvasImporter(file);
  const spaces: GpuvasSpace[] = [];
  const rows: Imported[] = [];
  let mappings: GpuvasSpace["mappings"][number][] = [];
  let regions: Omit<SnapshotRegion, "type" | "space">[] | undefined;
  let head: SnapshotSpace | undefined;
  let emptyLines = 0;

  function finish(): void {
    if (head === undefined) return;
    const { name, start, end, reservedStart, reservedEnd } = head;
    // The empty line under the head, and the one over the regions, belong to the tables.
    const own = 1 + (regions === undefined ? 0 : 1);
    const base = {
      name,
      start,
      end,
      reservedStart,
      reservedEnd,
      mappings,
      emptyLines: Math.max(0, emptyLines - own),
    };
    spaces.push(regions === undefined ? base : { ...base, regions });
    head = undefined;
  }

  const lines = text.split("\n");
  // What follows the last newline is no line.
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((line, i) => {
    if (isGpuvasStart(line)) finish();
    rows.length = 0;
    importer.line(line, i + 1, rows);
    if (line === "") emptyLines++;
    if (line === REGIONS_TITLE) regions = [];
    for (const row of rows) {
      if (row.kind !== "snapshot") continue;
      const s = row.snapshot;
      if (s.type === "space") {
        head = s;
        mappings = [];
        regions = undefined;
        emptyLines = 0;
      } else if (s.type === "mapping") {
        mappings.push({ va: s.va, length: s.length, object: s.object ?? 0n, offset: s.offset ?? 0n });
      } else if (s.type === "region") {
        regions ??= [];
        regions.push({ va: s.va, length: s.length });
      }
    }
  });
  rows.length = 0;
  importer.end(rows);
  finish();
  return spaces;
}
