/** Inputs made of known ones: what fast-check draws, a few edits at a time. */
import fc from "fast-check";

/** What breaks readers more often than chance would find it. */
const WORDS = [
  ...[
    "0",
    "-1",
    "1e999",
    "1e-7",
    "0x",
    "18446744073709551616",
    "9007199254740993",
    "4294967296",
    "NaN",
    ".5",
  ],
  ...["null", "true", "[]", "{}", '""', "[[[[", '{"a":', '"__proto__":1,', '"constructor":', "toString"],
  ...[
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\t",
    " ".repeat(40),
    "\u001b[2J",
    "\u009b",
    "\u2028",
    "\ufeff",
    "\ud800",
    "é",
  ],
  ...["=", "+", "~", "@", "/", ":", ",", "..", "%s", "-".repeat(300), "[".repeat(300), "\n".repeat(300)],
].map((word) => Buffer.from(word));

const VALUES = [
  ...["0", "1", "2", "3", "-1", "0.5", "4096", "65536", "2097152", "4294967296", "1e308", "1e999"],
  ...['""', '"x"', "null", "true", "[]", "{}", '"\\u001b["'],
];

type Edit = (bytes: Buffer, others: readonly Buffer[]) => Buffer;

const cut = (bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);

const place = fc.double({ min: 0, max: 1, noNaN: true });
const short = fc.oneof(fc.constant(0), fc.nat(8), fc.nat(200));

/** The line that a place is in. */
function lineAt(bytes: Buffer, where: number): readonly [from: number, to: number] {
  const at = Math.floor(where * bytes.length);
  const end = bytes.indexOf(10, at);
  return [bytes.lastIndexOf(10, Math.max(0, at - 1)) + 1, end < 0 ? bytes.length : end + 1];
}

const edit: fc.Arbitrary<Edit> = fc.oneof(
  // Something known, or any bytes, in place of a little.
  fc.tuple(place, short, fc.oneof(fc.constantFrom(...WORDS), fc.uint8Array({ maxLength: 6 }))).map(
    ([where, remove, insert]): Edit =>
      (bytes) =>
        cut(bytes, Math.floor(where * bytes.length), remove, insert),
  ),
  // A number in place of a number.
  fc.tuple(place, fc.oneof(fc.bigInt({ min: -2n, max: 2n ** 64n }), fc.integer())).map(
    ([where, number]): Edit =>
      (bytes) => {
        const text = bytes.toString("latin1");
        const numbers = [...text.matchAll(/[0-9]+/g)];
        const old = numbers[Math.floor(where * numbers.length)];
        if (old === undefined) return bytes;
        return cut(bytes, old.index, old[0].length, Buffer.from(String(number)));
      },
  ),
  // A JSON value in place of one.
  fc.tuple(place, fc.oneof(fc.constantFrom(...VALUES), fc.json({ maxDepth: 1 }))).map(
    ([where, value]): Edit =>
      (bytes) => {
        const text = bytes.toString("latin1");
        const all = [...text.matchAll(/(?<=[:[,])(?:"[^"\n]*"|[-+.0-9e]+|true|false|null)(?=[,}\]])/g)];
        const old = all[Math.floor(where * all.length)];
        return old === undefined ? bytes : cut(bytes, old.index, old[0].length, Buffer.from(value));
      },
  ),
  // One bit.
  fc.tuple(place, fc.nat(7)).map(
    ([where, bit]): Edit =>
      (bytes) => {
        const out = Buffer.from(bytes);
        const at = Math.floor(where * out.length);
        if (at < out.length) out[at] = (out[at] as number) ^ (1 << bit);
        return out;
      },
  ),
  // A line twice, elsewhere, or not at all.
  fc.tuple(place, place, fc.nat(2)).map(
    ([from, to, what]): Edit =>
      (bytes) => {
        const [begin, end] = lineAt(bytes, from);
        const line = Buffer.from(bytes.subarray(begin, end));
        const rest = what === 0 ? bytes : cut(bytes, begin, end - begin, Buffer.alloc(0));
        return what === 2 ? rest : cut(rest, lineAt(rest, to)[0], 0, line);
      },
  ),
  // The end of another input.
  fc.tuple(place, place, fc.nat()).map(
    ([where, from, which]): Edit =>
      (bytes, others) => {
        const other = others[which % others.length] as Buffer;
        return Buffer.concat([
          bytes.subarray(0, lineAt(bytes, where)[0]),
          other.subarray(lineAt(other, from)[0]),
        ]);
      },
  ),
  // Cut off.
  place.map(
    (where): Edit =>
      (bytes) =>
        bytes.subarray(0, Math.floor(where * bytes.length)),
  ),
);

/** Inputs grow no further than this: what breaks a reader fits into it. */
const MAX_BYTES = 64 * 1024;

/** Draws inputs from a corpus; the same seed and corpus give the same ones. */
export function* damaged(corpus: readonly Buffer[], seed: number, count: number): Generator<Buffer> {
  const drawn = fc.tuple(
    fc.nat(),
    fc.oneof({ weight: 3, arbitrary: fc.tuple(edit) }, fc.array(edit, { minLength: 2, maxLength: 5 })),
  );
  for (const [which, edits] of fc.sample(drawn, { seed, numRuns: count })) {
    let bytes = corpus[which % corpus.length] as Buffer;
    for (const one of edits) bytes = one(bytes, corpus).subarray(0, MAX_BYTES);
    yield bytes;
  }
}
