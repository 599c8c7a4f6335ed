import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OutputFile, writeOutput } from "../src/node/index.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "output-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("a file that is written whole or not at all", () => {
  it("appears when it is complete, and leaves no draft", () => {
    const path = join(dir, "new");
    const file = new OutputFile(path);
    file.write("half ");
    expect(existsSync(path)).toBe(false);
    file.write("whole");
    file.commit();
    expect(readFileSync(path, "utf8")).toBe("half whole");
    expect(readdirSync(dir)).toEqual(["new"]);
  });

  it("given up, leaves what was there", () => {
    const path = join(dir, "old");
    writeFileSync(path, "old");
    const file = new OutputFile(path);
    file.write("new");
    file.abort();
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(dir)).toEqual(["old"]);
  });

  it("two writers at once: the last to finish wins, whole", () => {
    const path = join(dir, "both");
    const [a, b] = [new OutputFile(path), new OutputFile(path)];
    a.write("aa");
    b.write("b");
    a.write("aa");
    b.commit();
    a.commit();
    expect(readFileSync(path, "utf8")).toBe("aaaa");
    expect(readdirSync(dir)).toEqual(["both"]);
  });

  it("keeps the mode of what was there", () => {
    const path = join(dir, "private");
    writeFileSync(path, "old");
    chmodSync(path, 0o600);
    writeOutput(path, "new");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("writes what a symbolic link leads to, there or not yet there", () => {
    mkdirSync(join(dir, "elsewhere"));
    writeFileSync(join(dir, "elsewhere", "there"), "old");
    for (const name of ["there", "not-yet"]) {
      symlinkSync(join("elsewhere", name), join(dir, name));
      writeOutput(join(dir, name), "new");
      expect(lstatSync(join(dir, name)).isSymbolicLink()).toBe(true);
      expect(readlinkSync(join(dir, name))).toBe(join("elsewhere", name));
      expect(readFileSync(join(dir, "elsewhere", name), "utf8")).toBe("new");
    }
  });

  it.skipIf(process.platform === "win32")("writes through a device, and leaves it a device", () => {
    writeOutput("/dev/null", "text");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it.skipIf(!existsSync("/dev/full"))("a full disk is an error, and nothing is left of a node", () => {
    expect(() => writeOutput("/dev/full", "text")).toThrow(/ENOSPC/);
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
  });

  it.skipIf(process.platform === "win32")("writes through a FIFO", () => {
    const fifo = join(dir, "fifo");
    expect(spawnSync("mkfifo", [fifo]).status).toBe(0);
    const reader = spawnSync("sh", ["-c", `cat ${fifo} & printf text > ${fifo}; wait`], { encoding: "utf8" });
    expect(reader.stdout).toBe("text");
    expect(lstatSync(fifo).isFIFO()).toBe(true);
  });

  it("says what the system says of a folder, a missing folder, a name too long", () => {
    expect(() => writeOutput(dir, "text")).toThrow(/EISDIR/);
    expect(() => writeOutput(join(dir, "no", "x"), "text")).toThrow(/ENOENT/);
    expect(() => writeOutput(join(dir, "x".repeat(300)), "text")).toThrow(/ENAMETOOLONG/);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("a draft goes with the process that ends before its file is complete", () => {
    const module = new URL("../src/node/output-file.ts", import.meta.url).href;
    const script = `import { OutputFile } from ${JSON.stringify(module)}; new OutputFile(${JSON.stringify(join(dir, "x"))}).write("a"); process.exit(3);`;
    const { status } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
    expect(status).toBe(3);
    expect(readdirSync(dir)).toEqual([]);
  });
});
