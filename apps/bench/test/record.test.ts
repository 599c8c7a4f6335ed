import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cannotRecord } from "@gpuvm/record/node";
import { afterAll, describe, expect, it } from "vitest";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "gpuvm-record-cli-"));
const why = cannotRecord();

function record(...args: string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: dir };
  const words = ["--no-warnings", "--conditions=@gpuvm/source", MAIN, "record", ...args];
  return spawnSync(process.execPath, words, { cwd: dir, encoding: "utf8", env });
}

afterAll(() => rmSync(dir, { recursive: true, force: true }));

if (why !== undefined) it.skip(`record, because ${why}`, () => {});

describe.skipIf(why !== undefined)("record", () => {
  it("gives the words behind -- to the program, and leaves nothing where nothing was asked of a GPU", () => {
    const print = "console.log(process.argv.slice(1).join())";
    const { status, stdout, stderr } = record(
      "--",
      process.execPath,
      "-e",
      print,
      "--",
      "-p",
      "./x.ts",
      "--json",
      "--help",
    );
    expect(stdout).toBe("-p,./x.ts,--json,--help\n");
    expect(stderr).toContain("nothing was recorded: no process opened a device of DRM");
    expect(status).toBe(2);
    expect(readdirSync(dir).filter((name) => name.endsWith(".gz"))).toEqual([]);
  });

  it("hands a signal that asks it to end to the program, and waits for it", async () => {
    const print =
      'process.on("SIGTERM", () => { console.log("asked to end"); process.exit(5); }); console.log("up");';
    const program = ["--", process.execPath, "-e", `${print} setInterval(() => {}, 1000)`];
    const words = ["--no-warnings", "--conditions=@gpuvm/source", MAIN, "record", ...program];
    const env = { ...process.env, XDG_CACHE_HOME: dir };
    const recorder = spawn(process.execPath, words, { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let told = "";
    recorder.stderr.on("data", (text: Buffer) => {
      told += text.toString();
    });
    recorder.stdout.on("data", (text: Buffer) => {
      if (out === "") recorder.kill("SIGTERM");
      out += text.toString();
    });
    const code = await new Promise((resolve) => recorder.once("close", resolve));
    expect(out).toBe("up\nasked to end\n");
    expect(told).toContain("the program ended with exit code 5");
    expect(code).toBe(2);
  });

  it.each([
    [[], "name the program to record"],
    [["--", "/no/such/program"], 'there is no program "/no/such/program"'],
    [["--max-mb", "0", "--", "true"], "is not a number above 0"],
  ])("%j is told of", (words, message) => {
    const { status, stderr } = record(...words);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});
