import type { XePageTables } from "./page-tables.ts";
import type { PtUpdate } from "./update.ts";
import type { XePt } from "./xe-pt.ts";

/*
 * The tree of tables has two faces: what is staged, which the next operation builds on, and what is committed. Preparing
 * an operation changes the first and keeps what it replaced; committing brings the second after it, and gives back what
 * was replaced; aborting puts it back.
 */

/** New tables are staged (`xe_pt_commit_prepare_bind`). Entries of a rebind were counted before. */
export function commitPrepareBind(updates: readonly PtUpdate[], rebind: boolean): void {
  for (const { pt, ofs, qwords, children } of updates) {
    if (!rebind) pt.numLive += qwords;
    if (pt.staging === null || children === null) continue;
    for (let i = 0; i < qwords; i++) {
      const old = pt.staging[ofs + i] as XePt | null;
      pt.staging[ofs + i] = children[i] as XePt | null;
      children[i] = old;
    }
  }
}

/** Tables that go are not staged any more (`xe_pt_commit_prepare_unbind`). */
export function commitPrepareUnbind(updates: readonly PtUpdate[]): void {
  for (const { pt, ofs, qwords, children } of updates) {
    pt.numLive -= qwords;
    if (pt.staging === null || children === null) continue;
    for (let i = 0; i < qwords; i++) {
      children[i] = pt.staging[ofs + i] as XePt | null;
      pt.staging[ofs + i] = null;
    }
  }
}

/** What is staged becomes what is there; what it replaced is given back (`xe_pt_commit`). */
export function commit(tables: XePageTables, updates: readonly PtUpdate[]): void {
  for (const { pt, ofs, qwords, children } of updates) {
    if (pt.children === null || pt.staging === null || children === null) continue;
    for (let i = 0; i < qwords; i++) {
      pt.children[ofs + i] = pt.staging[ofs + i] as XePt | null;
      tables.destroy(children[i] as XePt | null);
    }
  }
}

/** `xe_pt_abort_bind`. */
export function abortBind(tables: XePageTables, updates: readonly PtUpdate[], rebind: boolean): void {
  for (const { pt, ofs, qwords, children } of updates.toReversed()) {
    if (!rebind) pt.numLive -= qwords;
    if (pt.staging === null || children === null) continue;
    for (const [i, child] of children.entries()) {
      const made = pt.staging[ofs + i] as XePt | null;
      pt.staging[ofs + i] = child;
      tables.destroy(made);
    }
  }
}

/** `xe_pt_abort_unbind`. */
export function abortUnbind(updates: readonly PtUpdate[]): void {
  for (const { pt, ofs, qwords, children } of updates.toReversed()) {
    pt.numLive += qwords;
    if (pt.staging === null || children === null) continue;
    for (const [i, child] of children.entries()) pt.staging[ofs + i] = child;
  }
}
