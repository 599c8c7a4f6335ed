/** A program that can't be recorded, or a recorder that can't be built: the message says what to do. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}
