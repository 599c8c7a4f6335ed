import { type ImportOptions, importFile } from "../import/import-file.ts";
import type { Imported } from "../import/imported.ts";
import { type ByteSource, UNNAMED } from "../inflate.ts";
import type { Finding } from "./finding.ts";
import { RequestLint } from "./request-lint.ts";
import { SnapshotLint } from "./snapshot-lint.ts";

/** Checks what an importer gives, item by item, and reports each finding as it is made. */
export class Linter {
  readonly #requests: RequestLint;
  readonly #snapshots: SnapshotLint;

  constructor(file: string, report: (f: Finding) => void) {
    this.#requests = new RequestLint(file, report);
    this.#snapshots = new SnapshotLint(file, report);
  }

  /** The next item. */
  push(item: Imported): void {
    if (item.kind === "request") this.#requests.push(item.request, item.line);
    else this.#snapshots.push(item.snapshot, item.line);
  }

  /** After the last item. */
  end(): void {
    this.#requests.end();
    this.#snapshots.end();
  }
}

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
  for await (const batch of await importFile(source, options)) {
    for (const item of batch) linter.push(item);
    yield* findings;
    findings = [];
  }
  linter.end();
  yield* findings;
}
