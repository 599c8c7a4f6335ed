/**
 * What is wrong with one event. The decoders don't know file and line; the line reader catches this and makes a
 * `TraceError` of it. Never leaves the package.
 */
export class EventProblem extends Error {
  readonly reason: string;
  readonly hint: string;
  /** The JSON key concerned, to find the column. */
  readonly field: string;

  constructor(field: string, reason: string, hint: string) {
    super(reason);
    this.field = field;
    this.reason = reason;
    this.hint = hint;
  }
}
