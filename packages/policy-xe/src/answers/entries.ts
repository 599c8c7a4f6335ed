import type { XePageTables } from "../pt/page-tables.ts";
import { XE_PDES } from "../pt/sizes.ts";
import { PTE_LEAF, PTE_LEAF_PS64, PTE_TABLE, type XePt } from "../pt/xe-pt.ts";

/** What the GPU can reach from the root: leafs by size, those with the hint, and tables. */
export interface Live {
  readonly live: Record<string, number>;
  readonly ps64: number;
}

/** Counts what can be reached. Tables behind an entry that was cleared can't. */
export function liveEntries(pt: XePageTables): Live {
  const live: Record<string, number> = { "4096": 0, "65536": 0, "2097152": 0, "1073741824": 0 };
  const found = { live, ps64: 0 };
  if (pt.root !== null) visit(pt.root, found);
  return found;
}

function visit(pt: XePt, found: { readonly live: Record<string, number>; ps64: number }): void {
  for (let i = 0; i < XE_PDES; i++) {
    const entry = pt.entries[i] as number;
    if (entry === PTE_TABLE) {
      const child = pt.children?.[i];
      if (child != null) visit(child, found);
    } else if (entry >= PTE_LEAF) {
      const key = String(pt.leafSize);
      found.live[key] = (found.live[key] ?? 0) + 1;
      if (entry === PTE_LEAF_PS64) found.ps64++;
    }
  }
}

/** Tables of a VM, the root included, those of its scratch page not. */
export function tablesOf(pt: XePageTables): number {
  let n = 0;
  const count = (table: XePt | null) => {
    if (table === null) return;
    n++;
    for (const below of table.children ?? []) count(below);
  };
  count(pt.root);
  return n;
}
