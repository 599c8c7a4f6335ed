import { fileURLToPath } from "node:url";

/** A file of golden vectors that comes with this package. */
export interface ShippedVectors {
  /** Name of the suite: the file's name without `.jsonl.gz`. */
  readonly suite: string;
  /** Absolute path. */
  readonly path: string;
}

const SUITES = [
  "doc-cases",
  "random-small",
  "random-48bit",
  "random-57bit",
  "madvise",
  "callbacks",
  "exec-lock",
  "edge",
  "vmbo-refs",
] as const;

/** The files that come with this package; `vectors/PROVENANCE.md` says what they are. */
export function shippedVectors(): readonly ShippedVectors[] {
  return SUITES.map((suite) => ({
    suite,
    path: fileURLToPath(new URL(`../../vectors/${suite}.jsonl.gz`, import.meta.url)),
  }));
}
