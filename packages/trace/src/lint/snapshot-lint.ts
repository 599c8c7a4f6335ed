/** Looks at what a dump shows. */
import type { Snapshot, SnapshotMapping, SnapshotSpace } from "../import/imported.ts";
import { AddressHistory } from "./address-history.ts";
import { type Finding, finding } from "./finding.ts";
import { Growth } from "./growth.ts";

const PAGE = 4096n;
const FRAGMENTS_MIN = 16;
/** Owners of memory whose course is followed; a dump may hold any number of processes. */
const OWNERS_MAX = 10_000;

/** Checks rows one by one. Mappings of a space are in order of address, as dumps have them. */
export class SnapshotLint {
  readonly #file: string;
  readonly #report: (f: Finding) => void;
  readonly #history: AddressHistory;
  readonly #growth = new Map<string, Growth>();
  #space: SnapshotSpace | undefined;
  #last: SnapshotMapping | undefined;
  #mappings = 0;
  #joinable = 0;
  #line = 0;

  constructor(file: string, report: (f: Finding) => void, history: AddressHistory = new AddressHistory()) {
    this.#file = file;
    this.#history = history;
    this.#report = report;
  }

  /** The next row. */
  push(s: Snapshot, line: number): void {
    if (s.type === "space") this.#finish();
    this.#line = line;
    if (s.type === "space") this.#space = s;
    else if (s.type === "mapping") this.#mapping(s);
    else if (s.type === "memory" && (s.what === "total" || s.what === "resident")) {
      const key = `${s.owner} ${s.region} ${s.what}`;
      let growth = this.#growth.get(key);
      if (growth === undefined && this.#growth.size < OWNERS_MAX) {
        growth = new Growth();
        this.#growth.set(key, growth);
      }
      growth?.add(s.bytes);
    }
  }

  /** After the last row. */
  end(): void {
    this.#finish();
    for (const [key, growth] of this.#growth) {
      const grown = growth.verdict();
      if (grown !== undefined)
        this.#say("growth", `${key} grew from ${grown.from} to ${grown.to} bytes and never came back`);
    }
  }

  #say(code: Parameters<typeof finding>[0], message: string): void {
    this.#report(finding(code, this.#file, this.#line, message));
  }

  #mapping(m: SnapshotMapping): void {
    const where = `0x${m.va.toString(16)}+0x${m.length.toString(16)}`;
    const end = m.va + m.length;
    this.#history.record(true, `${m.space}`, Number(m.va), Number(end), this.#line, Number.NaN);
    const last = this.#last?.space === m.space ? this.#last : undefined;
    this.#mappings++;
    if (m.length === 0n || m.va % PAGE !== 0n || m.length % PAGE !== 0n || (m.offset ?? 0n) % PAGE !== 0n) {
      this.#say("misaligned", `the mapping ${where}`);
    }
    // msm's gem file goes by buffer, not by address.
    if (last !== undefined && last.va <= m.va && last.va + last.length > m.va) {
      this.#say("overlap", `the mapping ${where} overlaps the one at 0x${last.va.toString(16)}`);
    }
    const space = this.#space;
    if (space !== undefined && space.end > space.start) {
      if (m.va < space.start || end > space.end)
        this.#say("outside-space", `the mapping ${where} of ${space.name}`);
      else if (m.va < space.reservedEnd && end > space.reservedStart) {
        this.#say("outside-space", `the mapping ${where} of ${space.name} is in the kernel's part`);
      }
    }
    const joins =
      last !== undefined &&
      (m.object ?? 0n) !== 0n &&
      last.object === m.object &&
      last.va + last.length === m.va &&
      (last.offset ?? 0n) + last.length === m.offset;
    if (joins) this.#joinable++;
    this.#last = m;
  }

  #finish(): void {
    if (this.#joinable >= FRAGMENTS_MIN && this.#joinable * 2 > this.#mappings) {
      this.#say(
        "fragmentation",
        `${this.#joinable} of ${this.#mappings} mappings continue the one before them`,
      );
    }
    this.#mappings = 0;
    this.#joinable = 0;
    this.#last = undefined;
  }
}
