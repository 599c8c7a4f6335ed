import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mutant, plant } from "./operators.ts";

const COPIED = [
  "package.json",
  "vitest.shared.ts",
  "tsconfig.base.json",
  "apps/docs/guides",
  "packages/gpuvm-core",
  "packages/conformance",
];

/** The tests most likely to catch a mistake in a file: they run first. */
const NEAREST: Readonly<Record<string, readonly string[]>> = {
  "block-index.ts": ["block-index"],
  "deferred.ts": ["vm-bo"],
  "evict.ts": ["evict", "lockdep"],
  "enlarged.ts": ["enlarged"],
  "exact-space.ts": ["fast-vs-exact"],
  "exact-walk.ts": ["sm-cases", "fast-vs-exact"],
  "exec.ts": ["exec"],
  "find.ts": ["find"],
  "gpuva.ts": ["refs", "remap", "lockdep"],
  "gpuvm-bo.ts": ["vm-bo", "lockdep", "soft"],
  "gpuvm.ts": ["find", "refs"],
  "index-cursor.ts": ["block-index", "find"],
  "kept-buffers.ts": ["enlarged"],
  "leaf-store.ts": ["block-index"],
  "node-store.ts": ["block-index"],
  "resv.ts": ["exec"],
  "sm-walk.ts": ["sm-cases"],
  "sm.ts": ["alloc-failure", "find", "lockdep"],
  "va-table.ts": ["va-table", "refs"],
  "vm-exec.ts": ["exec", "evict", "lockdep"],
};

/** A copy of the core, its tests and the recorded answers, in which mistakes are tried out one at a time. */
export class Trial {
  readonly #dir: string;
  readonly #sources = new Map<string, string>();

  constructor(root: string) {
    this.#dir = mkdtempSync(join(tmpdir(), "gpuvm-mutation-"));
    mkdirSync(join(this.#dir, "packages"));
    for (const path of COPIED) {
      cpSync(join(root, path), join(this.#dir, path), { recursive: true, verbatimSymlinks: true });
    }
    const config = `export default { test: { projects: ["packages/*"] } };\n`;
    writeFileSync(join(this.#dir, "vitest.config.ts"), config);
    symlinkSync(join(root, "node_modules"), join(this.#dir, "node_modules"));
  }

  /** Whether there is such a source file. */
  has(file: string): boolean {
    return existsSync(this.#path(file));
  }

  /** A source file as it is without mistake. */
  source(file: string): string {
    let text = this.#sources.get(file);
    if (text === undefined) {
      text = readFileSync(this.#path(file), "utf8");
      this.#sources.set(file, text);
    }
    return text;
  }

  /** The test that fails with the mistake, or null if all pass. */
  async caughtBy(mutant: Mutant): Promise<string | null> {
    writeFileSync(this.#path(mutant.file), plant(this.source(mutant.file), mutant));
    try {
      const nearest = (NEAREST[mutant.file] ?? []).map((name) => `test/${name}.test.ts`);
      const early = nearest.length === 0 ? null : await this.#run(nearest);
      return early ?? (await this.unharmed());
    } finally {
      writeFileSync(this.#path(mutant.file), this.source(mutant.file));
    }
  }

  /** The test that fails without any mistake, or null. */
  async unharmed(): Promise<string | null> {
    return (await this.#run(["packages/gpuvm-core"])) ?? (await this.#run(["packages/conformance"]));
  }

  /** Removes the copy. */
  close(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #path(file: string): string {
    return join(this.#dir, "packages/gpuvm-core/src", file);
  }

  async #run(tests: readonly string[]): Promise<string | null> {
    for (const path of tests) {
      const there = join(this.#dir, path.startsWith("test/") ? `packages/gpuvm-core/${path}` : path);
      if (!existsSync(there)) throw new Error(`there is no ${path}`);
    }
    const report = join(this.#dir, "report.json");
    rmSync(report, { force: true });
    const args = [
      "run",
      "--bail=1",
      "--typecheck.enabled=false",
      "--testTimeout=120000",
      "--no-isolate",
      "--reporter=json",
      `--outputFile=${report}`,
      ...tests,
    ];
    const child = spawn("vitest", args, { cwd: this.#dir, stdio: "ignore", detached: true });
    const code = await ended(child, 90_000);
    if (code === 0) return null;
    if (code === null) return "it never ends";
    if (!existsSync(report)) throw new Error("vitest leaves no report");
    return firstFailure(JSON.parse(readFileSync(report, "utf8")) as Report, tests);
  }
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function firstFailure({ testResults }: Report, tests: readonly string[]): string {
  for (const { name, status, assertionResults } of testResults) {
    const file = name.replace(/^.*\/(?=[^/]+$)/, "");
    const failed = assertionResults.find((test) => test.status === "failed");
    if (failed !== undefined) return `${file}: ${failed.fullName.trim()}`;
    if (status === "failed" && assertionResults.length === 0) return `${file} cannot be loaded`;
  }
  // A worker that runs out of memory takes its tests with it.
  return `${tests.join(", ")}: the test run breaks down`;
}

function ended(child: ChildProcess, limit: number): Promise<number | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, limit);
    child.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}
