/** Where a package stands, and the packages whose sources it may import; everything not listed is forbidden. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "@gpuvm/core": [],
  "@gpuvm/drm-model": ["@gpuvm/core"],
  "@gpuvm/conformance": ["@gpuvm/core"],
  "@gpuvm/trace": ["@gpuvm/core", "@gpuvm/drm-model"],
  "@gpuvm/record": ["@gpuvm/drm-model", "@gpuvm/trace"],
  "@gpuvm/policy-testkit": ["@gpuvm/core", "@gpuvm/drm-model"],
  "@gpuvm/explorer": ["@gpuvm/core", "@gpuvm/drm-model"],
  "@gpuvm/policy-*": ["@gpuvm/core", "@gpuvm/drm-model", "@gpuvm/conformance"],
  "@gpuvm/drivers": ["@gpuvm/core", "@gpuvm/drm-model", "@gpuvm/policy-*"],
  "@gpuvm/reference-graph": ["@gpuvm/core", "@gpuvm/drm-model"],
  "@gpuvm/workloads": ["@gpuvm/drm-model", "@gpuvm/trace"],
  "@gpuvm/study": ["@gpuvm/core", "@gpuvm/drm-model", "@gpuvm/drivers"],
  "@gpuvm/scenarios": [
    "@gpuvm/core",
    "@gpuvm/drm-model",
    "@gpuvm/explorer",
    "@gpuvm/drivers",
    "@gpuvm/policy-*",
  ],
  "@gpuvm/results": ["@gpuvm/core", "@gpuvm/drm-model", "@gpuvm/trace", "@gpuvm/drivers", "@gpuvm/workloads"],
  "@gpuvm/report": ["@gpuvm/results"],
  "@gpuvm/bench": ["@gpuvm/*"],
};

/** What stands above the policies, or imitates their recordings: it may name drivers, as may the readers of their formats. */
const MAY_NAME: ReadonlySet<string> = new Set([
  "@gpuvm/trace",
  "@gpuvm/record",
  "@gpuvm/drivers",
  "@gpuvm/study",
  "@gpuvm/scenarios",
  "@gpuvm/workloads",
  "@gpuvm/bench",
]);

/** One source file of a package. */
export interface SourceFile {
  /** Name of the package it belongs to. */
  readonly owner: string;
  /** Path inside the package, with `/`, such as `src/index.ts`. */
  readonly path: string;
  readonly text: string;
}

/** The text with comments blanked out, so that an example in one is not taken for code. Strings stay. */
export function withoutComments(text: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(token, (found) => (found.startsWith("/") ? " " : found));
}

/** What a file imports or re-exports, as written, types included. */
export function importsOf(text: string): string[] {
  const statement = /(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g;
  return [...withoutComments(text).matchAll(statement)].map((match) => match[1] ?? "");
}

function mayImport(owner: string, target: string): boolean {
  const family = (name: string) => name.replace(/^(@gpuvm\/policy)-(?!testkit$).*$/, "$1-*");
  const allowed = LAYERS[family(owner)] ?? [];
  const name = target.split("/").slice(0, 2).join("/");
  return allowed.includes(family(name)) || allowed.includes("@gpuvm/*");
}

function leavesItsFolder(path: string, specifier: string): boolean {
  const root = "https://package.invalid/";
  return !new URL(specifier, root + path.replace(/^src\//, "x/src/")).href.startsWith(`${root}x/src/`);
}

/** Imports that go up, sideways or around a package's public face; and, in the core, any but its own files. */
export function forbiddenImports({ owner, path, text }: SourceFile): string[] {
  return importsOf(text).filter((specifier) => {
    if (specifier.startsWith(".")) return leavesItsFolder(path, specifier);
    if (specifier.startsWith("@gpuvm/")) return !mayImport(owner, specifier.split("/", 2).join("/"));
    return owner === "@gpuvm/core";
  });
}

const DRIVERS: ReadonlySet<string> = new Set(["msm", "nouveau", "panthor", "powervr", "xe"]);

function wordsOf(code: string): string[] {
  return code.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/);
}

/** Identifiers and strings that name a driver; only its own package, what stands above the policies and the readers of formats may. */
export function namedDrivers({ owner, text }: SourceFile): string[] {
  if (MAY_NAME.has(owner)) return [];
  if (owner.startsWith("@gpuvm/policy-") && owner !== "@gpuvm/policy-testkit") return [];
  return wordsOf(withoutComments(text)).filter((word) => DRIVERS.has(word.toLowerCase()));
}

/** Modules and globals of Node; packages have them in a folder of their own, `src/node`, which browsers never see. */
export function nodeOutsideItsFolder({ owner, path, text }: SourceFile): string[] {
  if (owner === "@gpuvm/bench" || path.startsWith("src/node/")) return [];
  // A field or a file of that name, such as `file.process.gone`, is the model's.
  const global = /\b(?:Buffer\.\w+|__dirname|setImmediate)\b|(?:\bglobalThis\.|(?<![./]))\bprocess\.\w+/g;
  const found = [...withoutComments(text).matchAll(global)].map((match) => match[0]);
  return [...importsOf(text).filter((specifier) => specifier.startsWith("node:")), ...found];
}

/** What would make two runs with the same input differ. Packages get a clock and a seeded generator from the caller. */
export function nondeterminism({ owner, text }: SourceFile): string[] {
  if (owner === "@gpuvm/bench") return [];
  const source = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\brandomUUID\b/g;
  return [...withoutComments(text).matchAll(source)].map((match) => match[0]);
}
