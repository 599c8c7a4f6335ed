/** One measured result. */
export interface BenchResult {
  /** Name of the benchmark, without `Benchmark`. */
  readonly name: string;
  /** What benchstat can put into rows and columns: `{ policy: "xe" }` becomes `/policy=xe`. */
  readonly keys?: Readonly<Record<string, string>>;
  readonly iterations: number;
  /** Value by unit, such as `{ "ns/op": 12.5 }`. */
  readonly values: Readonly<Record<string, number>>;
}

/** Blanks would end the name, a slash would begin a key. */
function part(text: string): string {
  return text.replaceAll(/[\s/]+/g, "_");
}

/**
 * Text for Go's `benchstat`: `BenchmarkREPLAY/policy=xe 10 12.5 ns/op`.
 *
 * @param config - Lines `key: value` at the top, which benchstat compares too.
 *
 * @example
 * ```ts
 * import { benchstat } from "@gpuvm/trace";
 * benchstat({}, [{ name: "map", iterations: 10, values: { "ns/op": 12.5 } }]); // "BenchmarkMap 10 12.5 ns/op\n"
 * ```
 */
export function benchstat(config: Readonly<Record<string, string>>, results: Iterable<BenchResult>): string {
  let out = "";
  for (const [key, value] of Object.entries(config))
    out += `${part(key)}: ${value.replaceAll(/[\r\n]+/g, " ")}\n`;
  for (const r of results) {
    const name = part(r.name);
    // Go's tools take only names whose first letter after "Benchmark" is no small one.
    out += `Benchmark${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    for (const [key, value] of Object.entries(r.keys ?? {})) out += `/${part(key)}=${part(value)}`;
    out += ` ${r.iterations}`;
    for (const [unit, value] of Object.entries(r.values)) out += ` ${value} ${unitText(unit)}`;
    out += "\n";
  }
  return out;
}

/** A unit may hold a slash, but no blank. */
function unitText(unit: string): string {
  return unit.replaceAll(/\s+/g, "_");
}
