import { distance } from "fastest-levenshtein";

/**
 * The user asked for something that cannot be: a name that there is not, a value out of range, files that do not go together.
 * The message says what to do. Thrown by what takes names and options from people; the command answers it with exit code 2.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Names further away than this are no slip of the finger. */
const SLIP = 3;

/**
 * What to say of a name that there is not: the nearest one, and all that there are.
 *
 * @param what `policy`, `workload`
 * @param known all names, in the order in which they are listed
 */
export function unknownName(what: string, name: string, known: readonly string[]): UsageError {
  const wanted = name.toLowerCase();
  const near = known
    .map((one) => ({ one, far: distance(wanted, one.toLowerCase()) }))
    .filter(({ one, far }) => far <= Math.min(SLIP, Math.max(1, one.length - 2)))
    .sort((a, b) => a.far - b.far)[0];
  const guess = near === undefined ? "" : `did you mean "${near.one}"? `;
  const all = known.length === 0 ? "there is none" : `there are ${known.join(", ")}`;
  return new UsageError(`unknown ${what} "${name}": ${guess}${all}`);
}
