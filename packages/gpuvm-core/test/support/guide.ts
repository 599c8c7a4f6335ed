import { drawCase } from "./run-case.ts";
import { SM_CASES, type SmCase } from "./sm-cases.ts";

const HEAD = `---
title: Split and merge
---

# Split and merge

What GPUVM answers to a request, case by case. Every picture is drawn from what the model does, and a test holds this page
to it; the model is held to the kernel by recorded answers of \`drm_gpuvm.c\`.

\`old\` is what is mapped, \`new\` what is mapped after the steps were applied in order. \`A@5\` is object A from its offset 5 on,
\`∅\` a mapping without object (sparse). Steps are written \`[start,end)\`, with the end not included.

The whole rule, for each mapping V = [a, e) of object o at offset f that overlaps the request [A, E) of object O at offset F:

    keep = o is an object, and is O, and f - a = F - A (modulo 2^64)
    prev = [a, A) of o at f              if a < A
    next = [E, e) of o at f + (E - a)    if e > E
    REMAP V to prev and next             if either is there, else UNMAP V

and MAP of the request, last, always: nothing is ever joined with its neighbours. \`keep\` is a hint that the page-table
entries of the old mapping already point where the request wants them. Unmap does the same without keep and without MAP.
`;

const SECTIONS: readonly (readonly [SmCase["kind"], string])[] = [
  [
    "map",
    `## Map

\`drm_gpuvm_sm_map\`. Cases 1 to 15 are numbered as in the comment of \`drm_gpuvm.c\`; letters and later numbers are additions.
`,
  ],
  ["unmap", "## Unmap\n\n`drm_gpuvm_sm_unmap`.\n"],
  [
    "madvise",
    `## Madvise

\`drm_gpuvm_madvise_ops_create\` cuts mappings without object so that both ends of the request become ends of mappings. What
lies within the request is mapped again by the driver, with new attributes; nothing is taken away.
`,
  ],
];

/** The page on split and merge. */
export function guide(): string {
  const sections = SECTIONS.map(([kind, head]) => {
    const cases = SM_CASES.filter((c) => c.kind === kind);
    return `${head}\n${cases.map((c) => `**${c.id}**: ${c.title}\n\n${indent(drawCase(c))}\n`).join("\n")}`;
  });
  return [HEAD, ...sections].join("\n");
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "    ");
}
