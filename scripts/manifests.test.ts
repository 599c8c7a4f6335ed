import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseWorkflow, type TraceWriter } from "@actions/workflow-parser";
import { describe, expect, it } from "vitest";
import { OLDEST_TYPESCRIPT } from "./e2e/oldest-typescript.ts";
// @ts-expect-error: a script without types
import { outdated, publishedFolders } from "./manifests.mjs";

interface Manifest {
  readonly packageManager?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const workflows = join(root, ".github", "workflows");

describe("what published packages say alike", () => {
  it("stands in the root's package.json, and is written from there (npm run manifests)", () => {
    expect((outdated() as { file: string }[]).map(({ file }) => file)).toEqual([]);
  });

  it("names the oldest TypeScript, which npm run e2e tries, in every package's README", () => {
    for (const dir of publishedFolders() as string[]) {
      const readme = readFileSync(join(dir, "README.md"), "utf8");
      expect(readme, dir).toContain(`TypeScript ${OLDEST_TYPESCRIPT} and newer`);
    }
  });

  it("is said by more than one package", () => {
    expect(publishedFolders().length).toBeGreaterThan(5);
  });
});

describe("what is installed", () => {
  const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  const run = readFileSync(join(root, "scripts", "run.mjs"), "utf8");
  const manifests = [
    "",
    ...["packages", "apps"].flatMap((dir) => readdirSync(join(root, dir)).map((n) => join(dir, n))),
  ]
    .map((dir) => join(root, dir, "package.json"))
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as Manifest);

  it("is pinned: one exact version of each, in the catalog", () => {
    const versions = [...workspace.matchAll(/^ {2,4}"?[@\w./-]+"?: (\S+)$/gm)].map(([, version]) => version);
    expect(versions.length).toBeGreaterThan(40);
    expect(versions.filter((v) => !/^(\d+\.\d+\.\d+|true|false|undefined)$/.test(String(v)))).toEqual([]);
    const own = manifests.flatMap(({ dependencies, devDependencies }) =>
      Object.values({ ...dependencies, ...devDependencies }),
    );
    expect(own.filter((version) => !/^(catalog:\w*|workspace:\^)$/.test(version))).toEqual([]);
    expect(manifests[0]?.packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+(\+\S+)?$/);
  });

  it("runs no script but pnpm's own, and is what the lockfile says", () => {
    const allowed = /^allowBuilds:\n((?: {2}.*\n)+)/m.exec(workspace)?.[1] ?? "";
    expect(allowed.match(/\S+(?=: true)/g)).toEqual(["pnpm"]);
    for (const install of run.match(/(?:npm|pnpm) install[^`]*/g) ?? [])
      expect(install).toMatch(/--ignore-scripts|--frozen-lockfile/);
    const scripts = manifests.flatMap((manifest) => Object.keys(manifest.scripts ?? {}));
    expect(scripts.filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  it("is told of with each release: provenance, list of parts, signatures", () => {
    const release = readFileSync(join(workflows, "release.yml"), "utf8");
    expect(release).toContain('NPM_CONFIG_PROVENANCE: "true"');
    expect(release).toMatch(/npm run --silent sbom > sbom\.json[\s\S]*gh release create .* sbom\.json/);
    for (const name of ["ci.yml", "release.yml"])
      expect(readFileSync(join(workflows, name), "utf8")).toContain("npm run signatures");
  });
});

describe("workflows", () => {
  const trace: TraceWriter = { error() {}, info() {}, verbose() {} };
  const problems = (name: string, content: string): string[] =>
    parseWorkflow({ name, content }, trace)
      .context.errors.getErrors()
      .map(({ message }) => message);

  it.each(readdirSync(workflows))("%s is one", (name) => {
    const content = readFileSync(join(workflows, name), "utf8");
    expect(problems(name, content)).toEqual([]);
    for (const [, ref] of content.matchAll(/uses: \S+@(\S+)/g)) expect(ref).toMatch(/^[0-9a-f]{40}$/);
  });

  it.each(readdirSync(workflows))("%s: a job can only read, unless it says what it writes", (name) => {
    const content = readFileSync(join(workflows, name), "utf8");
    expect(content).toMatch(/^permissions:\n {2}contents: read\n(?! )/m);
    const lines = content.split("\n");
    const rights = lines.flatMap((line, i) => (/^\s+[\w-]+: write$/.test(line) ? [i] : []));
    // No test or tool of the project runs in a job that can write.
    for (const i of rights) {
      const job = lines.findLastIndex((line, at) => at < i && /^ {2}[\w-]+:$/.test(line));
      const next = lines.findIndex((line, at) => at > i && /^ {2}[\w-]+:$/.test(line));
      expect(lines.slice(job, next < 0 ? undefined : next).join("\n")).not.toMatch(
        /\.ci\/run|npm test|npm run check/,
      );
    }
  });

  it("are read by something that finds a mistake", () => {
    expect(problems("x.yml", "on: push\njobs:\n  a:\n    runs-onn: x\n")).not.toEqual([]);
  });
});
