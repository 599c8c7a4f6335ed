/**
 * The user asked for something that cannot be: a name that there is not, a value out of range, files that do not go together.
 * The message says what to do. Thrown by what takes names and options from people; the command answers it with exit code 2.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
