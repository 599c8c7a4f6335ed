// `npm run mutation -- --policies`: plants mistakes in the drivers' policies, in what they share, and in the core, one at a
// time, and says which of the scenarios that ship finds each. `msm nouveau` takes the tables whose name begins so,
// `--only=TEXT` the mistakes whose description contains TEXT, `--every=N` every n-th; `--scopes` leaves out the pairs of calls,
// which take ten times as long; `--trust` skips the run without any mistake. Ends with 1 if one is not found.
import { spawn } from "node:child_process";
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
import { fileURLToPath } from "node:url";
import { type Mutant, plant } from "../operators.ts";
import { assertPlaced } from "../places.ts";
import { TABLES } from "./tables.ts";

/** Milliseconds that one mistake may take for each policy that is explored; one whose hunt has no end by then is not found. */
const LIMIT = 600_000;

const root = fileURLToPath(new URL("../../..", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "gpuvm-policies-"));
const args = process.argv.slice(2);
const wanted = args.filter((arg) => !arg.startsWith("--"));
const only = args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length) ?? "";
const every = Number(args.find((arg) => arg.startsWith("--every="))?.slice("--every=".length) ?? 1);
try {
  for (const path of ["package.json", "packages", "apps/bench", "scripts/mutation"]) {
    mkdirSync(join(dir, path, ".."), { recursive: true });
    cpSync(join(root, path), join(dir, path), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  const tables = TABLES.filter(([name]) => wanted.length === 0 || wanted.some((w) => name.startsWith(w)));
  assertPlaced(
    tables.flatMap(([, mutants]) => mutants),
    ({ file }) => sourceOf(file),
  );
  const rows: string[] = [];
  let missedInAll = 0;
  console.log("| where | planted | found by |\n|---|---|---|");
  for (const [name, all, policies] of tables) {
    const mutants = all.filter(({ what }, i) => what.includes(only) && i % every === 0);
    if (mutants.length === 0) continue;
    const sick = args.includes("--trust") ? null : await hunt(policies);
    if (sick !== null) throw new Error(`${name} without any mistake: ${sick.by}`);
    let missed = 0;
    for (const mutant of mutants) {
      const by = await foundBy(mutant, policies);
      if (by === null || !by.property) missed++;
      const file = mutant.file.replace(/^policy-|\/src/g, "");
      console.log(`| ${file} | ${cell(mutant.what)} | ${by === null ? "**nothing**" : cell(by.by)} |`);
    }
    missedInAll += missed;
    rows.push(`${name}: ${mutants.length} planted, ${mutants.length - missed} found, ${missed} missed`);
  }
  console.log(`\n${rows.join("\n")}`);
  process.exitCode = missedInAll > 0 ? 1 : 0;
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** Null: there is no such file. */
function sourceOf(file: string): string | null {
  const path = join(dir, "packages", file);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

/** Who found it; one that the search itself does not survive is not found: nothing says what is wrong. */
interface Found {
  readonly by: string;
  readonly property: boolean;
}

async function foundBy(mutant: Mutant, policies: readonly string[]): Promise<Found | null> {
  const path = join(dir, "packages", mutant.file);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, plant(source, mutant));
  try {
    return await hunt(policies);
  } finally {
    writeFileSync(path, source);
  }
}

function hunt(policies: readonly string[]): Promise<Found | null> {
  const script = join(dir, "scripts/mutation/policies/hunt.ts");
  const few = args.includes("--scopes") ? ["--scopes"] : [];
  const nodeArgs = ["--conditions=@gpuvm/source", "--no-warnings", script, ...policies, ...few];
  const child = spawn(process.execPath, nodeArgs, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT * policies.length);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal !== null) return resolve({ by: "**it never ends**", property: false });
      if (code !== 0) {
        const why = err.split("\n").find((line) => /Error/.test(line)) ?? code;
        return resolve({ by: `**it breaks down**: ${why}`, property: false });
      }
      const { by } = JSON.parse(out) as { by: string | null };
      resolve(by === null ? null : { by, property: true });
    });
  });
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").slice(0, 160);
}
