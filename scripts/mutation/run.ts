// `npm run mutation`: plants mistakes in the core, one at a time, and says which test catches each.
// `npm run mutation -- --all FILE...` tries every mistake of a simple kind in files of packages/gpuvm-core/src.
// `--trust` skips the run without any mistake,
// `--policies` plants them in the policies instead: see policies/run.ts. `--only=TEXT` takes the mistakes whose description contains TEXT. Ends with 1 if a mistake passes all tests.
import { fileURLToPath } from "node:url";
import type { Mutant } from "./operators.ts";
import { mutantsOf } from "./operators.ts";
import { assertPlaced } from "./places.ts";
import { PLANTED } from "./planted/index.ts";
import { Trial } from "./trial.ts";

const args = process.argv.slice(2);
if (args.includes("--policies")) await import("./policies/run.ts");
else await plantInCore();

async function plantInCore(): Promise<void> {
  const trial = new Trial(fileURLToPath(new URL("../..", import.meta.url)));
  try {
    assertPlaced(PLANTED, ({ file }) => (trial.has(file) ? trial.source(file) : null));
    const sick = args.includes("--trust") ? null : await trial.unharmed();
    if (sick !== null) throw new Error(`the tests fail without any mistake: ${sick}`);
    const files = args.filter((arg) => !arg.startsWith("--"));
    const only = args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length) ?? "";
    const all: readonly Mutant[] = args.includes("--all")
      ? files.flatMap((file) => mutantsOf(file, trial.source(file)))
      : PLANTED.filter(({ file }) => files.length === 0 || files.includes(file));
    const mutants = all.filter(({ what }) => what.includes(only));
    let missed = 0;
    console.log("| file | planted | caught by |\n|---|---|---|");
    for (const mutant of mutants) {
      const by = await trial.caughtBy(mutant);
      if (by === null) missed++;
      console.log(`| ${mutant.file} | ${cell(mutant.what)} | ${by === null ? "**nothing**" : cell(by)} |`);
    }
    console.log(`\n${mutants.length} planted, ${mutants.length - missed} caught, ${missed} missed`);
    process.exitCode = missed > 0 ? 1 : 0;
  } finally {
    trial.close();
  }
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
