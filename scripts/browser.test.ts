import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
/** What uses all packages: its `node_modules` has them. */
const bench = join(root, "apps", "bench");
const packages = readdirSync(join(root, "packages"))
  .map((name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")))
  .map(({ name }: { name: string }) => name);

const ENTRY = "entry";

interface Bundle {
  readonly code: string;
  /** Modules of Node that something imports, with who does. */
  readonly node: readonly string[];
}

/** A program as a page would load it. */
async function bundle(program: string): Promise<Bundle> {
  const node: string[] = [];
  const build = await rolldown({
    input: ENTRY,
    cwd: bench,
    platform: "browser",
    logLevel: "silent",
    resolve: { conditionNames: ["@gpuvm/source", "browser", "import", "default"] },
    plugins: [
      {
        name: "program",
        resolveId(id, importer) {
          if (id === ENTRY) return join(bench, "entry.js");
          if (!isBuiltin(id)) return null;
          node.push(`${id} for ${importer}`);
          return { id, external: true };
        },
        load: (id) => (id === join(bench, "entry.js") ? program : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "iife", name: "result", codeSplitting: false });
  await build.close();
  return { code: output[0].code, node };
}

/** A page's globals, as far as they are used, and none of Node's. */
function page(more: Record<string, unknown> = {}): ReturnType<typeof createContext> {
  const web = { TextDecoder, TextEncoder, DecompressionStream, ReadableStream, Blob, URL, performance };
  return createContext({ ...web, atob, setTimeout, queueMicrotask, structuredClone, console, ...more });
}

describe("in a browser", () => {
  it.each(packages)("%s is bundled without a module of Node, and loads", async (name) => {
    const { code, node } = await bundle(`export * from ${JSON.stringify(name)};`);
    expect(node).toEqual([]);
    runInContext(code, page());
  });

  it("a module of Node is found where there is one", async () => {
    const { node } = await bundle(`export * from "@gpuvm/trace/node";`);
    expect(node.some((line) => line.startsWith("node:fs"))).toBe(true);
  });

  it("a dropped trace is linted, replayed and reported", async () => {
    const trace = readFileSync(join(root, "packages/trace/traces/panthor-gl-glmark2.jsonl.gz"));
    const { code, node } = await bundle(`
      import { lintFile, loadTrace } from "@gpuvm/trace";
      import { subjects } from "@gpuvm/drivers";
      import { replayOne, resultsOf, runResult } from "@gpuvm/results";
      import { reportHtml } from "@gpuvm/report";
      import { sourceOf } from "@gpuvm/workloads";
      const stream = () => new Blob([BYTES]).stream();
      export const done = (async () => {
        let findings = 0;
        for await (const _ of lintFile(stream())) findings++;
        const source = sourceOf("dropped", await loadTrace(stream()));
        const how = { audit: false, lockdep: false, repeat: 1, portrait: true, now: () => 0 };
        const runs = [];
        for (const subject of subjects([], "native")) runs.push(runResult(await replayOne(source, subject, how)));
        const options = { audit: false, lockdep: false, repeat: 1, samples: 1 };
        const machine = { cpu: "", cores: 1, node: "", platform: "browser" };
        const html = reportHtml([{ name: "dropped", results: resultsOf(runs, options, { machine }) }]);
        return { findings, left: runs.map((run) => run.left_at_device_close.bos), charts: html.split("<svg").length };
      })();
    `);
    expect(node).toEqual([]);
    const context = page({ BYTES: trace });
    runInContext(code, context);
    const { findings, left, charts } = await (runInContext("result.done", context) as Promise<{
      findings: number;
      left: number[];
      charts: number;
    }>);
    expect(findings).toBeGreaterThanOrEqual(0);
    expect([...left]).toEqual([0, 0, 0, 0, 0]);
    expect(charts).toBeGreaterThan(5);
  });
});
