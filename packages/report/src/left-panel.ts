import { bytes, count } from "@gpuvm/results";
import { escapeHtml } from "./html.ts";
import type { Entry, Panel } from "./panel.ts";
import { leftTitle } from "./titles.ts";

/** What is still there when the driver is gone, and who holds it. */
export function leftPanel(entries: readonly Entry[]): Panel {
  const left = (entry: Entry) => entry.run.left_at_device_close;
  const bad = entries.filter((entry) => left(entry).bos + left(entry).vms + entry.run.hazards > 0);
  const head = [
    "policy",
    "BOs at file close",
    "BOs at device close",
    "bytes",
    "VMs",
    "vm_bos",
    "mappings",
    "hazards",
  ];
  const rows = entries.map((entry) => [
    entry.name,
    count(entry.run.left_at_file_close.bos),
    count(left(entry).bos),
    bytes(left(entry).bytes),
    count(left(entry).vms),
    count(left(entry).vmBos),
    count(left(entry).vas),
    count(entry.run.hazards),
  ]);
  const note =
    "Objects that exist after the last file is closed and the driver is unloaded, and the chain of holders";
  const title = leftTitle(
    entries.map((entry) => ({ name: entry.name, ...left(entry), hazards: entry.run.hazards })),
    count,
    entries.some(({ doubtful }) => doubtful === true),
  );
  return { title, note, picture: "", head, rows, extra: bad.map(chains).join("") };
}

function chains({ name, run, portrait }: Entry): string {
  const objects = portrait.left.map(({ object, bytes: size, chain }) => {
    const links = chain.map((link) => `<code>${escapeHtml(link)}</code>`);
    const why =
      links.length === 0
        ? ""
        : ` <span class="held">is held by</span> ${links.join(' <span class="held">held by</span> ')}<span class="held">, which no event takes away</span>`;
    return `<li><code>${escapeHtml(object)}</code>${size > 0 ? ` (${bytes(size)})` : ""}${why}</li>`;
  });
  const hazards = run.first_hazards
    .slice(0, 5)
    .map(
      (h) =>
        `<li><strong>${escapeHtml(h.kind)}</strong> at ${(h.at_ns / 1e6).toFixed(1)} ms: ${escapeHtml(h.detail)}</li>`,
    );
  return `<div class="chains"><h4>${escapeHtml(name)}</h4><ul>${[...objects, ...hazards].join("")}</ul></div>`;
}
