import { type ImportOptions, importFile } from "../import/import-file.ts";
import type { Imported, ImportedLoss } from "../import/imported.ts";
import type { PassedOver } from "../import/skipped.ts";
import { type ByteSource, UNNAMED } from "../inflate.ts";
import { AddressHistory } from "./address-history.ts";
import { type KnownAddresses, lookUpFault, type OpenFault } from "./fault-lint.ts";
import { type Finding, finding } from "./finding.ts";
import { RequestLint } from "./request-lint.ts";
import { SnapshotLint } from "./snapshot-lint.ts";

/** Checks what an importer gives, item by item, and reports each finding as it is made. */
export class Linter {
  /** What messages call the file. */
  readonly file: string;
  /** What is known of addresses; also for faults that other files tell of. */
  readonly history: AddressHistory = new AddressHistory();
  readonly #report: (f: Finding) => void;
  readonly #requests: RequestLint;
  readonly #snapshots: SnapshotLint;
  #faults: OpenFault[] = [];
  #complete = true;

  constructor(file: string, report: (f: Finding) => void) {
    this.file = file;
    this.#report = report;
    this.#requests = new RequestLint(file, report, this.history);
    this.#snapshots = new SnapshotLint(file, report, this.history);
  }

  /** False: events were lost, or lines were not understood, so that a clean result says less than it seems to. */
  get complete(): boolean {
    return this.#complete;
  }

  /** The next item. */
  push(item: Imported): void {
    if (item.kind === "request") this.#requests.push(item.request, item.line, item.clock, item.label);
    else if (item.kind === "snapshot") this.#snapshots.push(item.snapshot, item.line);
    else if (item.kind === "fault") {
      if (this.#faults.length < FAULTS_MAX) this.#faults.push({ file: this.file, item });
      else this.#complete = false;
    } else this.#lost(item);
  }

  /** After the last item; `skipped` is what the importer passed over. */
  end(skipped: ReadonlyMap<string, PassedOver> = new Map()): void {
    this.#requests.end();
    this.#snapshots.end();
    for (const { what, lines, first, harmless } of skipped.values()) {
      if (harmless) continue;
      this.#complete = false;
      const message = `${lines} ${lines === 1 ? "line is" : "lines are"} not understood: ${what}`;
      this.#report(finding("not-understood", this.file, first, message));
    }
  }

  /**
   * Looks the faults of this file up, in what is known from it and from `others`. Call it once, when all files were read.
   */
  lookUpFaults(others: readonly KnownAddresses[] = []): void {
    for (const open of this.#faults) this.#report(lookUpFault(open, [this, ...others]));
    this.#faults = [];
  }

  #lost({ line, events }: ImportedLoss): void {
    this.#complete = false;
    this.#requests.lost(line);
    this.history.lost(line);
    const many =
      events === undefined ? "events were" : events === 1 ? "1 event was" : `${events} events were`;
    this.#report(finding("lost-events", this.file, line, `${many} lost here`));
  }
}

/** Faults of one file that are looked up. */
const FAULTS_MAX = 1000;

/**
 * Reads a file of any known format and gives what is wrong with it.
 *
 * @throws TraceError when the file can't be read.
 *
 * @example
 * ```ts
 * import { formatFinding, lintFile } from "@gpuvm/trace";
 * const trace = '{"format":"gpu-bo-trace","version":1,"driver":"msm"}\n{"t":0,"op":"close"}\n';
 * for await (const f of lintFile(new Blob([trace]).stream())) console.log(formatFinding(f));
 * ```
 */
export async function* lintFile(
  source: ByteSource,
  options: ImportOptions = {},
): AsyncGenerator<Finding, void, undefined> {
  let findings: Finding[] = [];
  const linter = new Linter(options.file ?? UNNAMED, (f) => findings.push(f));
  const stream = await importFile(source, options);
  for await (const batch of stream) {
    for (const item of batch) linter.push(item);
    yield* findings;
    findings = [];
  }
  linter.end(stream.skipped);
  linter.lookUpFaults();
  yield* findings;
}
