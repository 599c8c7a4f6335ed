/** What a cell holds; `null` is an empty one. */
export type Cell = string | number | bigint | boolean | null;

/** Rows and columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: Iterable<readonly Cell[]>;
}
