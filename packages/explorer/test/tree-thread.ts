import { parentPort, workerData } from "node:worker_threads";
import type { Choice } from "../src/engine/choice.ts";
import type { Open } from "../src/search/descent.ts";
import type { Common } from "../src/together/common.ts";
import { OpenWork } from "../src/together/open-work.ts";
import { SharedVisited } from "../src/together/shared-visited.ts";

/** One of several threads that go through a tree with so many choices at each place, as far down. */
export interface Tree {
  readonly common: Common;
  readonly first: boolean;
  readonly choices: number;
  readonly depth: number;
}

const { common, first, choices, depth } = workerData as Tree;
const work = new OpenWork(common);
const visited = new SharedVisited(common);
const open: Open[] = [];
let places = 0;
let again = 0;

function goOn(path: Choice[]): void {
  places++;
  const name = path.reduce((n, choice) => n * (choices + 1) + choice + 1, 1);
  if (!visited.add(name, ~name)) again++;
  if (path.length === depth) return;
  const todo = Array.from({ length: choices }, (_, choice) => choice);
  open.push({ todo, depth: path.length, failures: 0, blocks: 0 });
  for (let choice = todo.pop(); choice !== undefined; choice = todo.pop()) {
    path.push(choice);
    goOn(path);
    path.pop();
    work.share(open, path);
  }
  open.pop();
}

if (first) goOn([]);
else work.join();
for (let branch = work.take(); branch !== null; branch = work.take()) goOn([...branch.way]);
parentPort?.postMessage({ places, again });
