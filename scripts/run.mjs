// `node scripts/run.mjs TASK ARGS`: sets the checkout up on any machine with Node >= 20 and npm, then runs TASK.
// The pinned pnpm, and a newer Node if yours is too old for the tools, are put in .tools/ once; nothing is installed
// globally. Everything said while setting up goes to stderr, so that stdout is the task's own.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE = "24.21.0";
const root = fileURLToPath(new URL("..", import.meta.url));
const tools = join(root, ".tools");
const stamp = join(root, "node_modules", ".gpuvm-setup");
const lock = join(tools, "lock");
const packageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const [task = "test", ...args] = process.argv.slice(2);
/** What the site is made with is only fetched for tasks that make it or look at it. */
const withSite = !["bench", "test", "e2e", "mutation", "changes", "fuzz"].includes(task);

const [major, minor] = process.versions.node.split(".").map(Number);
const nodeOk = (major === 22 && minor >= 18) || (major === 24 && minor >= 11) || major >= 26;
const os = { linux: "linux", darwin: "darwin", win32: "win" }[process.platform];
const nodeName = `${os === "darwin" && process.arch === "arm64" ? "node-bin" : "node"}-${os}-${process.arch}`;
const nodeFile = os === "win" ? ["node.exe"] : ["bin", "node"];
const node = nodeOk ? process.execPath : join(tools, "node_modules", nodeName, ...nodeFile);

const pnpm = ["pnpm", packageJson.packageManager.replace(/^pnpm@|\+.*$/g, "")];
const wanted = nodeOk ? [pnpm] : [pnpm, [nodeName, NODE]];
const env = {
  ...process.env,
  // What the packages promise holds on this Node, whichever the tools run on.
  GPUVM_USER_NODE: process.execPath,
  PATH: [join(tools, "node_modules", ".bin"), process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
};

/** A replay makes objects that soon go: with twice what Node gives to new ones (16 MiB) fewer of them grow old. */
const YOUNG = "--max-semi-space-size=32";

const exitCode = (status, signal) => status ?? 128 + (constants.signals[signal] ?? 0);
const quote = (s) => (/^[\w@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", `'\\''`)}'`);

function hasTool([name, version]) {
  const file = join(tools, "node_modules", name, "package.json");
  return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version === version;
}

/** Everything an installation depends on, so that an up-to-date one is not repeated. */
function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${node}`);
  const members = ["packages", "apps"].flatMap((dir) =>
    readdirSync(join(root, dir))
      .sort()
      .map((name) => join(dir, name, "package.json")),
  );
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...members]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

function isSetUp() {
  if (!wanted.every(hasTool) || !existsSync(stamp)) return false;
  const [made, site] = readFileSync(stamp, "utf8").split(" ");
  return made === fingerprint() && (site === "site" || !withSite);
}

/** Runs one set-up command with its output on stderr. */
function setupStep(line) {
  const { status, signal } = spawnSync(line, { cwd: root, stdio: ["ignore", 2, 2], shell: true, env });
  if (status === 0) return;
  releaseLock();
  console.error(`setting up failed: ${line}`);
  process.exit(exitCode(status, signal));
}

function releaseLock() {
  rmSync(lock, { force: true });
}

function lockHolderAlive() {
  try {
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Two commands started at once in one checkout must not install over each other. */
function takeLock() {
  mkdirSync(tools, { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    if (!lockHolderAlive()) releaseLock();
  }
}

function setUp() {
  if (isSetUp()) return;
  takeLock();
  if (!isSetUp()) {
    if (!wanted.every(hasTool)) {
      const specs = wanted.map((w) => w.join("@"));
      console.error(`fetching ${specs.join(" and ")} into .tools/`);
      setupStep(
        `npm install --prefix ${quote(tools)} --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error ${specs.join(" ")}`,
      );
    }
    console.error("installing dependencies");
    const all = withSite ? "" : ` --filter=${quote("!docs")}`;
    setupStep(`pnpm install --frozen-lockfile --prefer-offline --loglevel=warn${all}`);
    writeFileSync(stamp, `${fingerprint()} ${withSite ? "site" : "no-site"}`);
  }
  releaseLock();
}

function once(action) {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

/** Hands this process's place to the task: same terminal, signals passed on, same exit code. */
function become(command, commandArgs, options) {
  const child = spawn(command, commandArgs, { stdio: "inherit", env, ...options });
  // Ctrl-C on a terminal, or a signal to the whole group, reaches the task by itself, and npm sends another one:
  // the task must not take them for impatience.
  const passOn = process.stdin.isTTY ? () => {} : once(() => setTimeout(() => child.kill("SIGINT"), 100));
  process.on("SIGINT", passOn);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(error.message);
    process.exit(127);
  });
  child.on("exit", (code, signal) => process.exit(exitCode(code, signal)));
}

setUp();
// Node keeps the sources without their types here: the next start is quicker, and needs no WebAssembly, whose growing memory makes V8
// check every typed array for a buffer that has gone. Tests start some hundred processes and threads.
env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "node-compile");
if (task === "bench") {
  const main = join(root, "apps", "bench", "src", "main.ts");
  // File arguments mean what they mean where the user stands; npm moves to the root but says where that was.
  const cwd = (process.env.npm_lifecycle_event === "bench" && process.env.INIT_CWD) || process.cwd();
  become(node, [YOUNG, "--conditions=@gpuvm/source", main, ...args], { cwd });
} else {
  become(["pnpm", "--silent", "run", `task:${task}`, ...args.map(quote)].join(" "), [], {
    cwd: root,
    shell: true,
  });
}
