// `npm run docs`: builds the site into apps/docs/out; with --serve, then serves it for a look, on this machine only.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const site = fileURLToPath(new URL("../apps/docs", import.meta.url));
const [flag, ...rest] = process.argv.slice(2);
if (rest.length > 0 || (flag !== undefined && flag !== "--serve")) {
  console.error(`npm run docs takes --serve or nothing, not ${[flag, ...rest].join(" ")}`);
  process.exit(2);
}

function run(line, cwd) {
  const { status } = spawnSync(line, { cwd, stdio: "inherit", shell: true });
  if (status !== 0) process.exit(status ?? 1);
}

run("turbo run docs --output-logs=errors-only");
if (flag === "--serve") run("pnpm run serve", site);
else console.log(`the site is in ${site}/out; npm run docs -- --serve shows it`);
