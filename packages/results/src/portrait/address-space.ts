import { gpuvaExact, gpuvmDump } from "@gpuvm/core";
import type { Machine, VmRecord } from "@gpuvm/drm-model";
import type { AddressSpace, Zone } from "./portrait.ts";

/** Cells of a picture, about. */
const CELLS = 960;
/** A gap of more than this share of all mapped bytes ends a zone... */
const GAP_SHARE = 1 / 16;
/** ... if it is at least so large. */
const GAP_BYTES = 2 ** 20;
/** Zones that are drawn; the fullest ones. */
const ZONES = 12;
const PAGE = 4096;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The picture of the address space with the most mappings; null when nothing is mapped. */
export function addressSpace(machine: Machine): AddressSpace | null {
  let record: VmRecord | undefined;
  for (const r of machine.vms) if (!r.freed && r.mappings > (record?.mappings ?? 0)) record = r;
  if (record === undefined) return null;
  const { vm } = record;
  const vas = gpuvmDump(vm);
  if (typeof vas === "number" || vas.length === 0) return null;
  const spans = vas.map((va): Span => {
    const { addr, range } = gpuvaExact(vm, va);
    // Doubles are exact for pages, and a picture needs no more.
    return { start: Number(addr), end: Number(addr + range) };
  });
  const mapped = spans.reduce((sum, { start, end }) => sum + end - start, 0);
  const zones = zonesOf(spans, Math.max(GAP_BYTES, mapped * GAP_SHARE));
  const reach = zones.reduce((sum, zone) => sum + extent(zone), 0);
  const cell = Math.max(PAGE, 2 ** Math.ceil(Math.log2(reach / CELLS)));
  const holes = zones.flatMap((zone) =>
    zone.slice(1).flatMap(({ start }, i) => {
      const gap = start - (zone[i] as Span).end;
      return gap > 0 ? [gap] : [];
    }),
  );
  const lengths = new Map<number, number>();
  for (const { start, end } of spans) {
    const log2 = Math.floor(Math.log2(end - start));
    lengths.set(log2, (lengths.get(log2) ?? 0) + 1);
  }
  return {
    vm: record.key,
    at_ms: Math.round(machine.now / 1e4) / 100,
    mappings: spans.length,
    mapped_bytes: mapped,
    cell_bytes: cell,
    zones: fullest(zones).map((zone) => draw(zone, cell)),
    holes: {
      n: holes.length,
      bytes: holes.reduce((sum, gap) => sum + gap, 0),
      largest_bytes: holes.reduce((most, gap) => Math.max(most, gap), 0),
    },
    lengths: [...lengths].sort((a, b) => a[0] - b[0]),
  };
}

function zonesOf(spans: readonly Span[], gap: number): Span[][] {
  const zones: Span[][] = [];
  let end = Number.NEGATIVE_INFINITY;
  for (const span of spans) {
    if (span.start - end > gap) zones.push([]);
    zones.at(-1)?.push(span);
    end = span.end;
  }
  return zones;
}

function extent(zone: readonly Span[]): number {
  return (zone.at(-1)?.end ?? 0) - (zone[0]?.start ?? 0);
}

/** In the order of addresses. */
function fullest(zones: readonly Span[][]): readonly Span[][] {
  if (zones.length <= ZONES) return zones;
  const least = [...zones].sort((a, b) => b.length - a.length)[ZONES - 1]?.length ?? 0;
  return zones.filter((zone) => zone.length >= least).slice(0, ZONES);
}

function draw(zone: readonly Span[], cell: number): Zone {
  const first = Math.floor((zone[0] as Span).start / cell);
  const cells = Math.ceil((zone.at(-1) as Span).end / cell) - first;
  const filled = new Float64Array(cells);
  const begins = new Uint32Array(cells);
  for (const { start, end } of zone) {
    const at = Math.floor(start / cell) - first;
    begins[at] = (begins[at] ?? 0) + 1;
    for (let i = at; i < cells && (first + i) * cell < end; i++) {
      const from = Math.max(start, (first + i) * cell);
      const to = Math.min(end, (first + i + 1) * cell);
      filled[i] = (filled[i] ?? 0) + to - from;
    }
  }
  return {
    start: `0x${(first * cell).toString(16)}`,
    // What is mapped at all must be seen.
    fill: Array.from(filled, (n) => (n === 0 ? 0 : Math.max(1, Math.round((8 * n) / cell)))).join(""),
    begins: Array.from(begins, (n) => Math.min(9, n)).join(""),
  };
}
