import type { Finding } from "@gpuvm/trace";

/** What the page asks of the worker: one file, or a text with a name. */
export interface Ask {
  readonly name: string;
  readonly file: Blob;
}

/** A row of the comparison. */
export interface TableRow {
  readonly label: string;
  readonly cells: readonly string[];
}

/** What the worker tells the page. */
export type Tell =
  /** `share` of the file, from 0 to 1, of what is being done. */
  | { readonly kind: "progress"; readonly doing: string; readonly share: number }
  | { readonly kind: "format"; readonly format: string }
  /** Findings of `lint`; `more` of them are counted and not sent. */
  | {
      readonly kind: "findings";
      readonly findings: readonly Finding[];
      readonly more: number;
      readonly complete: boolean;
    }
  | {
      readonly kind: "replayed";
      readonly columns: readonly string[];
      readonly rows: readonly TableRow[];
      readonly says: string;
      /** Policies that could not hold the trace, with the reason. */
      readonly refused: readonly string[];
    }
  /** The report as one page. */
  | { readonly kind: "report"; readonly html: string }
  /** It is all done; without a report, because of `why`. */
  | { readonly kind: "done"; readonly why: string | null }
  | { readonly kind: "failed"; readonly message: string };
