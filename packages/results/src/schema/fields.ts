/** What the fields of a result file can be. */
import * as v from "valibot";

/** A name, or any other text. */
export const text: v.GenericSchema<unknown, string> = v.string("is not a string");

/** True or false. */
export const flag: v.GenericSchema<unknown, boolean> = v.boolean("is neither true nor false");

/** How many, or how many bytes: a whole number from 0 on. */
export const count: v.GenericSchema<unknown, number> = v.pipe(
  v.number("is not a number"),
  v.integer("is not a whole number"),
  v.minValue(0, "is negative"),
);

/** How many, where there is at least one. */
export const atLeastOne: v.GenericSchema<unknown, number> = v.pipe(
  v.number("is not a number"),
  v.integer("is not a whole number"),
  v.minValue(1, "is less than 1"),
);

/** A time or a rate: any finite number from 0 on. */
export const amount: v.GenericSchema<unknown, number> = v.pipe(
  v.number("is not a number"),
  v.maxValue(Number.MAX_VALUE, "is too large"),
  v.minValue(0, "is negative"),
);

/** The power of two that a length reaches. */
export const log2: v.GenericSchema<unknown, number> = v.pipe(
  v.number("is not a number"),
  v.integer("is not a whole number"),
  v.minValue(0, "is negative"),
  v.maxValue(64, "is more than 64"),
);

/** Valibot would take a list for an object with the fields that all lists have. */
const plain = v.custom<object>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "is not an object",
);

/** A list. */
export function list<T>(of: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T[]> {
  return v.array(of, "is not a list");
}

/** An object with these fields, of which none but the optional ones can be absent, and no other. */
export function object<const T extends v.ObjectEntries>(
  fields: T,
): v.GenericSchema<unknown, v.InferOutput<v.StrictObjectSchema<T, typeof words>>> {
  return v.pipe(plain, v.strictObject(fields, words));
}

/** Names of the file's own choice, with a text each. */
export const texts: v.GenericSchema<unknown, Record<string, string>> = v.pipe(
  plain,
  v.record(v.string(), text, "is not an object"),
);

/** What is wrong with an object, or with a field that is absent or unknown: the issue's path leads to it. */
function words(issue: v.StrictObjectIssue): string {
  if (issue.expected === "never") return "is no field of a result file of this version";
  return issue.path === undefined || issue.expected === "Object" ? "is not an object" : "is missing";
}
