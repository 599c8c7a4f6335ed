import * as v from "valibot";
import type { Portrait } from "../portrait/portrait.ts";
import { amount, count, list, log2, object, text } from "./fields.ts";

/** Columns of one table: none can be longer than another. */
const series = v.pipe(
  object({
    t_ms: list(amount),
    retained_bytes: list(count),
    mappings: list(count),
    mapped_bytes: list(count),
    maps: list(count),
    unmaps: list(count),
  }),
  v.check(
    (columns) => Object.values(columns).every((column) => column.length === columns.t_ms.length),
    "has columns that are not of one length",
  ),
);

const zone = v.pipe(
  object({
    start: v.pipe(v.string("is not a string"), v.regex(/^0x[0-9a-f]{1,16}$/, "is no hexadecimal address")),
    fill: v.pipe(v.string("is not a string"), v.regex(/^[0-8]*$/, "has something other than digits to 8")),
    begins: v.pipe(v.string("is not a string"), v.regex(/^[0-9]*$/, "has something other than digits")),
  }),
  v.check(({ fill, begins }) => fill.length === begins.length, "has fill and begins of different lengths"),
);

const addressSpace = object({
  vm: text,
  at_ms: amount,
  mappings: count,
  mapped_bytes: count,
  cell_bytes: count,
  zones: list(zone),
  holes: object({ n: count, bytes: count, largest_bytes: count }),
  lengths: list(v.strictTuple([log2, count], "is not a pair of numbers")),
});

/** {@link Portrait} */
export const portrait: v.GenericSchema<unknown, Portrait> = object({
  series,
  submit_locks: list(v.strictTuple([count, count, count], "is not three numbers")),
  address_space: v.nullable(addressSpace),
  left: list(object({ object: text, bytes: count, chain: list(text) })),
});
