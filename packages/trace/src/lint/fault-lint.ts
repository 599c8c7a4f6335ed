/** Looks faults of the GPU up in what is known of addresses. */
import type { Fault, ImportedFault } from "../import/imported.ts";
import type { AddressHistory, Past } from "./address-history.ts";
import { type Finding, finding } from "./finding.ts";

/** A fault, and the file that tells of it. */
export interface OpenFault {
  readonly file: string;
  readonly item: ImportedFault;
}

/** A file that was checked, and what is known of addresses from it. */
export interface KnownAddresses {
  readonly file: string;
  readonly history: AddressHistory;
}

/**
 * Says of a fault what the histories know of its address: unbound before, mapped, or never mapped. The finding stands at
 * the line of the unbind if there is one, else at that of the fault.
 */
export function lookUpFault(open: OpenFault, known: readonly KnownAddresses[]): Finding {
  const { file, item } = open;
  const { fault, line } = item;
  const asked = known.filter(({ history }) => !history.empty);
  const told = asked.flatMap((of) => of.history.lookUp(fault).map((past) => ({ past, of })));
  const gone = told.filter(({ past }) => !past.mapped).sort(latest)[0];
  const still = told.filter(({ past }) => past.mapped).sort(latest)[0];
  if (gone !== undefined) {
    const where = gone.of.file === file ? `line ${line}` : `${file}:${line}`;
    const elsewhere =
      still === undefined ? "" : `; in VM ${still.past.vm} it is mapped, from line ${still.past.line}`;
    const message = `the GPU faulted at ${hex(fault)} (${where}, ${words(fault)}), which line ${gone.past.line} unbound${before(gone.past, fault)}${lost(gone.past)}${elsewhere}`;
    return finding("use-after-unbind", gone.of.file, gone.past.line, message);
  }
  const say = (what: string): Finding =>
    finding("gpu-fault", file, line, `the GPU faulted at ${hex(fault)} (${words(fault)})${what}`);
  if (still !== undefined) {
    const at = still.of.file === file ? `line ${still.past.line}` : `${still.of.file}:${still.past.line}`;
    return say(
      `, which is mapped there since ${at}${lost(still.past)}: not a missing bind, as far as is recorded`,
    );
  }
  if (asked.length === 0) return say(", and no binds are recorded here to look it up in");
  const clock = fault.clock ?? Number.NaN;
  if (asked.every(({ history }) => clock < history.begins)) {
    return say(", before the first bind that is recorded: is it of the same boot?");
  }
  const near = asked
    .flatMap((of) => ({ of, near: of.history.nearest(fault) }))
    .filter((n) => n.near !== undefined)
    .sort((a, b) => (a.near?.beyond ?? 0) - (b.near?.beyond ?? 0))[0];
  const forgot = asked.some(({ history }) => history.forgot) ? " in the last binds that are remembered" : "";
  if (near?.near === undefined) return say(`, where nothing was ever mapped${forgot}`);
  const at = near.of.file === file ? `line ${near.near.line}` : `${near.of.file}:${near.near.line}`;
  return say(
    `, where nothing was ever mapped${forgot}; the next mapping below, of ${at}, ends ${near.near.beyond} bytes before`,
  );
}

function latest(a: { past: Past }, b: { past: Past }): number {
  return b.past.line - a.past.line;
}

function hex(fault: Fault): string {
  return `0x${fault.address.toString(16)}`;
}

function words(fault: Fault): string {
  return fault.detail === undefined || fault.detail === ""
    ? fault.source
    : `${fault.source}: ${fault.detail}`;
}

function before(past: Past, fault: Fault): string {
  const by = fault.clock === undefined ? Number.NaN : fault.clock - past.clock;
  if (Number.isNaN(by)) return " before";
  if (by >= 1e9) return ` ${(by / 1e9).toFixed(3)} s before`;
  return by >= 1e6 ? ` ${(by / 1e6).toFixed(3)} ms before` : ` ${(by / 1e3).toFixed(3)} us before`;
}

function lost(past: Past): string {
  return past.uncertain ? " (events were lost since)" : "";
}
