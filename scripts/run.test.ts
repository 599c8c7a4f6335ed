import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

function bench(...args: string[]) {
  return spawnSync("npm", ["run", "--silent", "bench", "--", ...args], { cwd: root, encoding: "utf8" });
}

describe("npm run bench", () => {
  it("prints the program's own output only", () => {
    const { status, stdout } = bench("--help");
    expect(stdout).toMatch(/^usage/i);
    expect(status).toBe(0);
  });

  it("passes arguments and exit code through untouched", () => {
    const { status, stdout, stderr } = bench(`no such "command" $HOME`, "--json");
    expect(stderr).toContain(`no such "command" $HOME`);
    expect(stdout).toBe("");
    expect(status).toBe(2);
  });
});
