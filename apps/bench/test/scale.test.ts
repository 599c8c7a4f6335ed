import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { runExplore } from "../src/commands/explore.ts";
import { runMerge } from "../src/commands/merge.ts";

const RECIPES = fileURLToPath(new URL("../../../examples/scale/", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "gpuvm-scale-"));
afterAll(() => rmSync(folder, { recursive: true }));

const env = {
  ...process.env,
  GPUVM_BENCH: `${process.execPath} --conditions=@gpuvm/source ${MAIN}`,
};
const ASKED = { policy: "powervr+P6", method: "random", runs: 30 } as const;
const WORDS = ["explore", "--policy", "powervr+P6", "--method", "random", "--runs", "30", "--workers", "1"];

/** What one machine writes; it finds something. */
async function whole(): Promise<string> {
  let text = "";
  expect(await runExplore({ ...ASKED, json: true }, (s) => (text += s))).toBe(1);
  return text;
}

const sh = (recipe: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
  spawnSync("sh", [join(RECIPES, recipe), ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...env, ...more },
  });

const noParallel =
  process.platform !== "win32" && spawnSync("parallel", ["--version"]).error !== undefined
    ? ": skipped, there is no GNU parallel"
    : "";

describe.skipIf(process.platform === "win32")("the recipes of examples/scale", () => {
  it.skipIf(noParallel !== "")(
    `GNU parallel on two machines comes to the bytes of one${noParallel}`,
    { timeout: 60_000 },
    async () => {
      // Two machines on this one: what is called as ssh notes the machine, and runs the command here.
      const ssh = join(folder, "ssh");
      writeFileSync(
        ssh,
        `#!/bin/sh\necho "$2" >>"${folder}/$2.log"\nshift 2\n[ "$1" != -- ] || shift\ncd / && exec sh -c "$*"\n`,
      );
      chmodSync(ssh, 0o755);
      const HOSTS = `1/${ssh} -q ada,1/${ssh} -q bob`;
      const { status, stdout, stderr } = sh("parallel.sh", ["2", ...WORDS], { HOSTS, PARTS: "two" });
      expect(stdout, stderr).toBe(await whole());
      expect(status).toBe(1);
      for (const machine of ["ada", "bob"]) {
        expect(readFileSync(join(folder, `${machine}.log`), "utf8")).toContain(machine);
      }
    },
  );

  it("tasks of a Slurm array do, too", { timeout: 60_000 }, async () => {
    const SLURM = { SLURM_SUBMIT_DIR: RECIPES, SLURM_ARRAY_TASK_COUNT: "2", PARTS: join(folder, "array") };
    for (const SLURM_ARRAY_TASK_ID of ["2", "1"]) {
      const { status, stderr } = sh("slurm-array.sh", WORDS, { ...SLURM, SLURM_ARRAY_TASK_ID });
      expect(status, stderr).toBe(0);
    }
    let text = "";
    const files = [1, 2].map((index) => join(folder, "array", `part-${index}.json`));
    expect(await runMerge({ files, out: undefined }, (s) => (text += s))).toBe(1);
    expect(text).toBe(await whole());
  });

  it("a part that fails leaves nothing, and says why", () => {
    const { status, stderr } = sh("part.sh", ["1", "2", "explore", "--policy", "nobody"], { PARTS: "none" });
    expect(status).toBe(2);
    expect(stderr).toContain("nobody");
    expect(execFileSync("ls", [join(folder, "none")], { encoding: "utf8" })).toBe("");
    expect(sh("part.sh", ["1", "2", "study"]).stderr).toContain(
      "study: explore, bugs and run have parts that merge",
    );
  });
});
