// Writes api/index.md: every package with what it is for, in the words of its own package.json.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The order in which one meets them: what is modelled, whose rules, what is done with it. A package in no group ends the build. */
const GROUPS: readonly (readonly [title: string, about: string, packages: readonly string[]])[] = [
  ["The model", "What the kernel does for every driver.", ["gpuvm-core", "drm-model"]],
  [
    "The drivers",
    "Who holds what, and when it is torn down: one package for each driver.",
    [
      "policy-msm",
      "policy-nouveau",
      "policy-xe",
      "policy-panthor",
      "policy-powervr",
      "policy-tyr",
      "drivers",
      "policy-testkit",
    ],
  ],
  [
    "What is asked of them",
    "Recorded, generated and hand-made requests.",
    ["trace", "record", "workloads", "conformance"],
  ],
  [
    "What comes of it",
    "Replays, comparisons, searches of every order, and their pictures.",
    ["results", "report", "study", "reference-graph", "explorer", "scenarios"],
  ],
];

const HEAD = `---
title: API
---

# API

Each page says what the package is for, with an example that the project's tests run. Everything that is exported has a docstring:
units, ranges, errors, and the kernel symbol that it models. Nothing is published yet; from a clone all of it works.
`;

const packages = new URL("../../packages/", import.meta.url);
const grouped = GROUPS.flatMap(([, , names]) => names);
const missing = readdirSync(packages).filter((name) => !grouped.includes(name));
if (missing.length > 0) throw new Error(`make-api-index.ts lists no group for ${missing.join(", ")}`);

function row(folder: string): string {
  const text = readFileSync(new URL(`${folder}/package.json`, packages), "utf8");
  const { name, description } = JSON.parse(text) as { name: string; description: string };
  return `| [${name}](${name}/index.md) | ${description} |`;
}

const parts = GROUPS.map(
  ([title, about, names]) =>
    `## ${title}\n\n${about}\n\n| package | what it is for |\n| --- | --- |\n${names.map(row).join("\n")}\n`,
);
writeFileSync(fileURLToPath(new URL("api/index.md", import.meta.url)), [HEAD, ...parts].join("\n"));
