/** The page on formats says what the readers say of themselves, and shows their samples. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { IMPORT_FORMATS } from "../src/index.ts";

const at = (path: string): URL => new URL(`../${path}`, import.meta.url);
const PAGE = at("../../apps/docs/guides/formats-read.md");

/** What is read: a title, the readers whose comments are the grammar, and samples. */
const READERS: readonly (readonly [title: string, readers: readonly string[], samples: readonly string[]])[] =
  [
    [
      "trace-cmd, tracefs and perf text",
      ["trace-cmd", "xe-events", "amdgpu-events", "sched-events"],
      [
        "trace-cmd-xe.txt",
        "trace-cmd-sched.txt",
        "trace-cmd-xe-6.8.txt",
        "tracefs-amdgpu.txt",
        "perf-script.txt",
      ],
    ],
    ["Vulkan address binding reports", ["binding-report", "vulkan-bindings"], ["radv-vm-fault.txt"]],
    ["RADV's history of buffers", ["radv-bo-history"], ["radv-bo-history.txt"]],
    ["vkd3d-proton's address log", ["vkd3d"], ["vkd3d-fault.txt"]],
    ["msm devcoredump", ["msm-devcoredump"], ["msm-devcoredump.txt"]],
    ["The kernel's log", ["dmesg", "fault-lines"], ["dmesg.txt"]],
    ["debugfs gpuvas", ["gpuvas"], ["gpuvas-nouveau.txt"]],
    ["debugfs gem of msm", ["msm-gem"], ["msm-gem-6.17.txt", "msm-gem.txt", "msm-gem-4.19.txt"]],
    ["debugfs gems of panthor and panfrost", ["panthor-gems"], ["panthor-gems.txt", "panfrost-gems.txt"]],
    ["xe devcoredump", ["xe-devcoredump"], ["xe-devcoredump.txt"]],
    ["fdinfo", ["fdinfo"], ["fdinfo-many.txt", "fdinfo-grep.txt"]],
  ];

/** The comment that a reader begins with. */
function commentOf(reader: string): string {
  const source = readFileSync(at(`src/import/${reader}.ts`), "utf8");
  const end = source.indexOf("*/");
  expect(source.startsWith("/**"), reader).toBe(true);
  return source
    .slice(3, end)
    .split("\n")
    .map((line) => line.replace(/^ ?\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

function page(): string {
  const parts = READERS.map(([title, readers, samples]) => {
    const shown = samples.map((name) => {
      const text = readFileSync(at(`samples/${name}`), "utf8").trimEnd();
      return `\`${name}\`:\n\n\`\`\`\n${text}\n\`\`\``;
    });
    return [`## ${title}`, ...readers.map(commentOf), ...shown].join("\n\n");
  });
  return `---
title: Formats that are read
---

# Formats that are read

Each reader's grammar, the versions of the printers that it was taken from, and a sample of each dialect; names, pointers and
numbers are made up. NL is a newline, \`{ }\` repeats, \`[ ]\` may be missing. [Formats and features](./formats-and-features.md) says
what becomes of them.

${parts.join("\n\n")}
`;
}

test("the page is that of the readers; GPUVM_WRITE_PAGE=1 writes it anew", () => {
  if (process.env["GPUVM_WRITE_PAGE"] !== undefined) writeFileSync(PAGE, page());
  expect(readFileSync(PAGE, "utf8")).toBe(page());
});

test("every format is on it, and every sample has its reader", () => {
  const titles = READERS.flatMap(([, readers]) => readers);
  for (const format of IMPORT_FORMATS.filter((f) => f !== "gpu-bo-trace")) expect(titles).toContain(format);
});
