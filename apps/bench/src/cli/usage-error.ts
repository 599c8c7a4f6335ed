/** The user asked for something that cannot be: exit code 2, with a message that says what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
