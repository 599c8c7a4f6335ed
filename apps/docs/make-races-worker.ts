// Builds the worker of the page on races into public/: its modules are run as the explorer's copies of themselves, which can go back
// in place. Those of the other pages are not, so it is no worker of the site's own build.
import { fileURLToPath } from "node:url";
import { explored } from "@gpuvm/explorer/transform";
import { rolldown } from "rolldown";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const plugin = explored();

const build = await rolldown({
  input: here("components/races/worker.ts"),
  platform: "browser",
  logLevel: "warn",
  resolve: { conditionNames: ["@gpuvm/source", "browser", "import", "default"] },
  plugins: [
    {
      name: "explored",
      transform: (code, id) => (id.includes("/packages/") ? plugin.transform(code, id)?.code : null),
    },
  ],
});
await build.write({
  file: here("public/races-worker.js"),
  format: "esm",
  minify: true,
  codeSplitting: false,
});
await build.close();
