import { doubtsOf, type Portrait, type Results, type RunResult } from "@gpuvm/results";
import { addressPanel } from "./address-panel.ts";
import { finding } from "./finding.ts";
import { escapeHtml, htmlTable, slug } from "./html.ts";
import { leftPanel } from "./left-panel.ts";
import { locksPanel } from "./locks-panel.ts";
import { mappingsPanel } from "./mappings-panel.ts";
import { overview, trimmed } from "./overview.ts";
import type { Entry, Panel } from "./panel.ts";
import { ratesPanel } from "./rates-panel.ts";
import { retainedPanel } from "./retained-panel.ts";
import { STYLE } from "./style.ts";

/** A result file that the report shows. */
export interface ReportInput {
  /** What it is called beside others. */
  readonly name: string;
  readonly results: Results;
}

const PANELS = [retainedPanel, mappingsPanel, ratesPanel, locksPanel, addressPanel, leftPanel];

const TERMS: readonly (readonly [term: string, meaning: string])[] = [
  [
    "given back but alive",
    "a buffer object (BO) without handle and dma-buf that something in the kernel still holds: memory that the program thinks is free",
  ],
  ["mapping", "a range of a GPU address space (VM) that leads to a buffer: a VA in drm_gpuvm's words"],
  [
    "soft, hard",
    "whether the link of VM and buffer (vm_bo) counts the buffer: a hard one keeps it alive, a soft one is taken down when it goes",
  ],
  [
    "translated",
    "the trace was recorded on another driver; its requests are phrased as a well-behaved program of this driver would",
  ],
  ["left behind", "still there after every file was closed and the driver unloaded: a leak"],
  [
    "counts and times",
    "counts are exact and repeatable; times are those of the model's clock, and replay speed is the model's own, not the driver's",
  ],
];

/** One self-contained page: no script, nothing fetched. The same results give the same bytes. */
export function reportHtml(inputs: readonly ReportInput[]): string {
  const entries = entriesOf(inputs);
  const traces = [...new Set(entries.map(({ run }) => run.trace))];
  const policies = new Set(entries.map(({ name }) => name)).size;
  const title = `GPU buffer mappings: ${count(policies, "policy", "policies")} on ${count(traces.length, "trace", "traces")}`;
  const links = traces.map((trace) => `<a href="#${slug(trace)}">${escapeHtml(trimmed(trace))}</a>`);
  const terms = TERMS.map(([term, meaning]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(meaning)}</dd>`);
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p class="lead">${escapeHtml(finding(entries, [...new Set(inputs.flatMap(({ results }) => doubtsOf(results)))]))}</p>`,
    inputs.some(({ results }) => results.partial)
      ? '<p class="note"><strong>Partial:</strong> the run was interrupted; what follows is of the replays that were finished.</p>'
      : "",
    `<nav aria-label="Traces"><a href="#all">all together</a>${links.join("")}</nav>`,
    `<details><summary>What the words mean</summary><dl>${terms.join("")}</dl></details>`,
    overview(entries),
    ...traces.map((trace) =>
      section(
        trace,
        entries.filter(({ run }) => run.trace === trace),
        traces.length === 1,
      ),
    ),
    footer(inputs),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
${body.filter((part) => part !== "").join("\n")}
</body></html>
`;
}

function count(n: number, one: string, many: string): string {
  return `${n === 1 ? "one" : n} ${n === 1 ? one : many}`;
}

function entriesOf(inputs: readonly ReportInput[]): Entry[] {
  const times = new Map<string, number>();
  for (const { results } of inputs) {
    for (const run of results.runs) times.set(keyOf(run), (times.get(keyOf(run)) ?? 0) + 1);
  }
  return inputs.flatMap(({ name, results }) =>
    results.runs.map((run): Entry => {
      const twice = (times.get(keyOf(run)) ?? 0) > 1;
      return {
        name: twice ? `${run.subject} (${name})` : run.subject,
        run,
        portrait: run.portrait ?? NOTHING,
        ...(doubtsOf(results).length === 0 ? {} : { doubtful: true }),
      };
    }),
  );
}

/** A result file without portraits still has its figures. */
const NOTHING: Portrait = {
  series: { t_ms: [], retained_bytes: [], mappings: [], mapped_bytes: [], maps: [], unmaps: [] },
  submit_locks: [],
  address_space: null,
  left: [],
};

function keyOf(run: RunResult): string {
  return `${run.trace} on ${run.subject}`;
}

function section(trace: string, entries: readonly Entry[], alone: boolean): string {
  const { run } = entries[0] as Entry;
  const events = run.events.toLocaleString("en-US");
  const from = run.driver === "neutral" ? "imported or generated" : `recorded on ${run.driver}`;
  const meta = [run.program, from, `${events} events`].filter((part) => part !== "").join(" · ");
  const seen = entries.some(({ portrait }) => portrait.series.t_ms.length > 0);
  const quiet = entries.every(
    ({ run }) => run.left_at_device_close.bos + run.left_at_device_close.vms + run.hazards === 0,
  );
  const panels = (seen ? PANELS : [retainedPanel, leftPanel]).filter(
    (panel) => panel !== leftPanel || !quiet,
  );
  const clean = quiet ? `<p class="note">${escapeHtml(leftPanel(entries).title)}.</p>` : "";
  const figures = panels.map((panel) => figure(panel(entries))).join("");
  // One trace is what the page is about; of many, each is a row that opens.
  const open = alone || !quiet ? " open" : "";
  return `<section><details class="trace"${open}><summary><h2>${escapeHtml(trimmed(trace))}</h2> <span class="meta">${escapeHtml(meta)}. ${escapeHtml(retainedPanel(entries).title)}.</span></summary>${clean}<div class="figures" id="${slug(trace)}">${figures}</div></details></section>`;
}

function figure({ title, note, picture, head, rows, extra = "" }: Panel): string {
  return `<figure><figcaption><h3>${escapeHtml(title)}</h3><p class="note">${escapeHtml(note)}</p></figcaption>${picture}${extra}<details><summary>The numbers</summary>${htmlTable(head, rows)}</details></figure>`;
}

function footer(inputs: readonly ReportInput[]): string {
  const rows = inputs.map(({ name, results: { machine, versions = {}, options } }) => [
    name,
    Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(", "),
    `${machine.cpu}, ${machine.cores} cores, ${machine.platform}`,
    Object.entries(options)
      .map(([key, value]) => `${key} ${value}`)
      .join(", "),
  ]);
  return `<footer><h2>Made with</h2>${htmlTable(["results", "versions", "machine", "options"], rows)}<p>gpuvm-bench: an executable model of Linux DRM GPUVM. The figures are the model's.</p></footer>`;
}
