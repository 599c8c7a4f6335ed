import { bytes, count, time } from "@gpuvm/results";
import { type Entry, list } from "./panel.ts";
import { type Figure, keptTitle, leftTitle } from "./titles.ts";

/** What the whole report shows, in a sentence or three, from its figures alone. */
export function finding(entries: readonly Entry[], doubts: readonly string[] = []): string {
  const names = [...new Set(entries.map(({ name }) => name))];
  const over = (name: string, of: (entry: Entry) => number, how: (a: number, b: number) => number) =>
    entries
      .filter((entry) => entry.name === name)
      .map((entry) => of(entry))
      .reduce((a, b) => how(a, b), 0);
  const most = (name: string, of: (entry: Entry) => number) => over(name, of, (a, b) => Math.max(a, b));
  const sum = (name: string, of: (entry: Entry) => number) => over(name, of, (a, b) => a + b);
  const left = names.map((name) => ({
    name,
    bos: sum(name, ({ run }) => run.left_at_device_close.bos),
    vms: sum(name, ({ run }) => run.left_at_device_close.vms),
    hazards: sum(name, ({ run }) => run.hazards),
  }));
  const figures = (of: (entry: Entry) => number): Figure[] =>
    names.map((name) => ({ name, value: most(name, of) }));
  const out = [
    leftTitle(left, count, doubts.length > 0),
    keptTitle(
      figures(({ run }) => run.retained_bytes_peak),
      bytes,
      "that its program has given back",
    ),
  ];
  const waits = figures(({ run }) => run.close_wait_ns.max);
  const slow = waits.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value);
  out.push(
    slow.length === 0
      ? "Closing a handle never waits"
      : `Closing a handle waits under ${list(slow.map(({ name, value }) => `${name} (up to ${time(value)})`))}`,
  );
  if (doubts.length > 0) out.push(`This is not the whole: ${doubts.join("; ")}`);
  return `${out.join(". ")}.`;
}
