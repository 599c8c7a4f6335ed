// `npm run manifests`: writes what every published package says alike (where the repository, the pages and the tracker
// are, how it is packed) from the one place where it stands, the root's package.json.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (file) => readFileSync(file, "utf8");
const { homepage, bugs, repository } = JSON.parse(read(join(root, "package.json")));
const web = homepage.replace(/#.*/, "");

/** The folders of the packages that are published. */
export function publishedFolders() {
  return ["packages", "apps"]
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)))
    .filter((dir) => existsSync(join(dir, "package.json")))
    .filter((dir) => JSON.parse(read(join(dir, "package.json"))).private !== true);
}

function manifest(dir) {
  const directory = relative(root, dir).replaceAll("\\", "/");
  const own = JSON.parse(read(join(dir, "package.json")));
  const scripts = { ...own.scripts, prepack: "pnpm run build" };
  const said = {
    homepage: `${web}/tree/main/${directory}#readme`,
    bugs,
    repository: { ...repository, directory },
  };
  return `${JSON.stringify({ ...own, ...said, scripts }, null, 2)}\n`;
}

function typedoc(dir) {
  const sources = `${web}/blob/{gitRevision}/${relative(root, dir).replaceAll("\\", "/")}/src/{path}#L{line}`;
  return read(join(dir, "typedoc.json")).replace(/("sourceLinkTemplate": ")[^"]*/, `$1${sources}`);
}

function readme(dir) {
  return read(join(dir, "README.md")).replaceAll(/(Part of \[gpuvm\]\()[^)]*/g, `$1${web}`);
}

/** Files as they are to be, where they are not. */
export function outdated() {
  return publishedFolders().flatMap((dir) =>
    [
      ["package.json", manifest],
      ["typedoc.json", typedoc],
      ["README.md", readme],
    ]
      .filter(([name]) => existsSync(join(dir, name)))
      .map(([name, text]) => ({ file: join(dir, name), text: text(dir) }))
      .filter(({ file, text }) => read(file) !== text),
  );
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { file, text } of outdated()) {
    writeFileSync(file, text);
    console.log(`wrote ${relative(root, file)}`);
  }
}
