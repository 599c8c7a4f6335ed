// Publishes every package to a throw-away registry, installs the command in an empty folder as a user would, and runs it.
// Expects the packages to be built. Third-party packages come from the user's usual registry.
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { firstDifference, follow } from "./guide.ts";
import { compileWithOldest, OLDEST_TYPESCRIPT } from "./oldest-typescript.ts";
import { startRegistry } from "./registry.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly version: string;
}

function publishedFolders(base: string): string[] {
  return ["packages", "apps"]
    .flatMap((dir) => readdirSync(join(base, dir)).map((name) => join(base, dir, name)))
    .filter((dir) => existsSync(join(dir, "package.json")))
    .filter((dir) => !(JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest).private);
}

/** What the release does first, in a copy: every pending changeset becomes a version and a changelog. */
async function rehearseVersion(copy: string): Promise<void> {
  await run("git", ["clone", "--quiet", "--local", root, copy]);
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  await run(join(root, "node_modules", ".bin", "changeset"), ["version"], { cwd: copy });
  const versions = publishedFolders(copy).map((dir) => {
    if (!existsSync(join(dir, "CHANGELOG.md"))) throw new Error(`${dir} got no CHANGELOG.md`);
    return (JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest).version;
  });
  if (new Set(versions).size !== 1) throw new Error(`versions differ: ${versions.join(", ")}`);
  console.log(`the next version would be ${versions[0]}, with ${versions.length} changelogs`);
}

/** What a newcomer to policies does: the guide, step by step, beside a clone that has packed its packages. */
async function followGuide(clone: string): Promise<void> {
  symlinkSync(clone, join(clone, "gpuvm"));
  mkdirSync(join(clone, "mine"));
  const page = readFileSync(join(root, "apps", "docs", "guides", "writing-a-policy.md"), "utf8");
  const difference = firstDifference(page, await follow(page, join(clone, "mine")));
  if (difference !== null) throw new Error(`writing-a-policy.md: ${difference}`);
}

const registry = await startRegistry();
const scratch = mkdtempSync(join(tmpdir(), "gpuvm-e2e-"));
try {
  const tarballs = join(scratch, "tarballs");
  const app = join(scratch, "app");
  const host = registry.url.slice("http:".length);
  for (const dir of [tarballs, app]) {
    mkdirSync(dir);
    writeFileSync(join(dir, "package.json"), `{ "private": true }\n`);
    writeFileSync(join(dir, ".npmrc"), `@gpuvm:registry=${registry.url}/\n${host}/:_authToken=none\n`);
  }

  await rehearseVersion(join(scratch, "copy"));
  // They are built: packing need not build them again.
  const only = ["--recursive", "--filter=@gpuvm/*", "--config.ignore-scripts=true"];
  await run("pnpm", [...only, "pack", "--pack-destination", tarballs], { cwd: root });
  const guide = followGuide(scratch);
  const packed = readdirSync(tarballs).filter((name) => name.endsWith(".tgz"));
  if (packed.length !== publishedFolders(root).length) throw new Error(`packed: ${packed.join(", ")}`);
  const publisher = async () => {
    for (let file = packed.pop(); file !== undefined; file = packed.pop())
      await run("npm", ["publish", "--access", "public", `./${file}`], { cwd: tarballs });
  };
  await Promise.all([publisher(), publisher(), publisher(), publisher()]);
  console.log(`published ${registry.names().sort().join(", ")}`);

  await run("npm", ["install", "--no-audit", "--no-fund", "@gpuvm/bench"], { cwd: app });
  // The user's own Node, which may be older than that of the tools.
  const node = process.env["GPUVM_USER_NODE"] ?? process.execPath;
  const main = join(app, "node_modules", "@gpuvm", "bench", "dist", "main.js");
  const bench = (...args: string[]) => run(node, [main, ...args], { cwd: app });
  const { stdout } = await bench("--help");
  if (!/gpuvm-bench/.test(stdout)) throw new Error(`gpuvm-bench --help printed:\n${stdout}`);
  console.log("installed @gpuvm/bench in an empty folder; gpuvm-bench --help answers");
  console.log(`it runs on Node ${(await run(node, ["--version"])).stdout.trim()}`);

  // What a newcomer does: a file from a machine, to a verdict, a page and a timeline.
  const bind = (kind: string, at: string) =>
    `app-1 [000] ${at}: xe_vma_${kind}: dev=d, vma=0xffff888111110000, vm=0xffff8881a1b2c000, asid=0x00001, start=0x000000200000, end=0x00000020ffff, userptr=0x000000000000\n`;
  writeFileSync(join(app, "trace.txt"), bind("bind", "1.000000") + bind("unbind", "2.000000"));
  await bench("lint", "trace.txt");
  const { stdout: verdict } = await bench("run", "--trace", "trace.txt", "--report", "report.html");
  if (!/left at device close/.test(verdict)) throw new Error(`no verdict on trace.txt:\n${verdict}`);
  if (!/<svg/.test(readFileSync(join(app, "report.html"), "utf8")))
    throw new Error("report.html has no picture");
  await bench("export", "trace.txt", "--policy", "powervr", "--format", "perfetto", "-o", "replay.pftrace");
  await bench("run", "--filter", "glmark2.* on powervr");
  await bench("conformance");
  await bench("explore", "--policy", "powervr", "--scenario", "cuts");
  console.log("trace-cmd text to a verdict, a report and a timeline; a shipped trace replays");

  await guide;
  console.log("the guide to a policy of one's own prints what it says");

  const packages = registry.names().sort((a, b) => (a === "@gpuvm/core" ? -1 : a < b ? -1 : 1));
  await compileWithOldest(app, packages);
  console.log(`TypeScript ${OLDEST_TYPESCRIPT} compiles a program that uses all packages`);
} finally {
  await registry.close();
  rmSync(scratch, { recursive: true, force: true });
}
