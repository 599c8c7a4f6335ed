/** Builds the test program and its stand-in for the kernel, and records it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  buildShared,
  cannotRecord,
  compiler,
  type ProgramRecording,
  type RecordOptions,
  recordProgram,
} from "../src/node/index.ts";

const native = fileURLToPath(new URL("../native/", import.meta.url));
const sources = fileURLToPath(new URL("native/", import.meta.url));

/** Why these tests can't run here; undefined where they can. */
export const skipped: string | undefined = cannotRecord();

/** A folder with the test program in it. */
export class Bench {
  readonly folder: string = mkdtempSync(join(tmpdir(), "gpuvm-record-test-"));
  readonly program: string = join(this.folder, "client");
  #standIn = "";

  build(): void {
    this.#standIn = buildShared(join(sources, "standin"), "standin", this.folder, process.env, [native]);
    this.compile("client", []);
  }

  /** The test program, built with more flags. */
  compile(name: string, flags: readonly string[]): string {
    const files = readdirSync(join(sources, "client")).filter((file) => file.endsWith(".c"));
    const out = join(this.folder, name);
    const include = ["-I", native, "-idirafter", join(native, "shim")];
    const args = ["-std=gnu11", "-pthread", ...include, "-o", out, ...flags, ...files];
    const built = spawnSync(compiler(), args, { cwd: join(sources, "client"), encoding: "utf8" });
    if (built.status !== 0) throw new Error(built.stderr);
    return out;
  }

  record(
    words: readonly string[],
    options: RecordOptions & { readonly jump?: number; readonly standIn?: false } = {},
  ): Promise<ProgramRecording> {
    const jump = options.jump === undefined ? {} : { STANDIN_JUMP: String(options.jump) };
    const preload = options.standIn === false ? {} : { LD_PRELOAD: this.#standIn };
    return recordProgram([this.program, ...words], {
      out: join(this.folder, "out.jsonl"),
      cache: this.folder,
      stdio: "ignore",
      env: { ...process.env, ...preload, ...jump },
      ...options,
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
