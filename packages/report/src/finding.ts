import { bytes, time } from "@gpuvm/results";
import { type Entry, list } from "./panel.ts";

/** What the whole report shows, in a sentence or three, from its figures alone. */
export function finding(entries: readonly Entry[]): string {
  const names = [...new Set(entries.map(({ name }) => name))];
  const over = (name: string, of: (entry: Entry) => number, how: (a: number, b: number) => number) =>
    entries
      .filter((entry) => entry.name === name)
      .map((entry) => of(entry))
      .reduce((a, b) => how(a, b), 0);
  const most = (name: string, of: (entry: Entry) => number) => over(name, of, (a, b) => Math.max(a, b));
  const sum = (name: string, of: (entry: Entry) => number) => over(name, of, (a, b) => a + b);
  const out: string[] = [];
  const left = names.filter(
    (name) => sum(name, ({ run }) => run.left_at_device_close.bos + run.left_at_device_close.vms) > 0,
  );
  const hazards = names.filter((name) => sum(name, ({ run }) => run.hazards) > 0);
  if (left.length > 0) out.push(`${list(left)} ${left.length === 1 ? "leaves" : "leave"} objects behind.`);
  else out.push("No policy leaves anything behind when the driver is gone.");
  if (hazards.length > 0) out.push(`${list(hazards)} ran into hazards.`);
  const kept = names.map((name) => ({ name, peak: most(name, ({ run }) => run.retained_bytes_peak) }));
  kept.sort((a, b) => a.peak - b.peak);
  const [least, greatest] = [kept[0], kept.at(-1)];
  if (least !== undefined && greatest !== undefined && greatest.peak > 0) {
    out.push(
      least.peak === greatest.peak
        ? `What a program has given back lives on up to ${bytes(greatest.peak)}, under every policy.`
        : `What a program has given back lives on least under ${least.name} (${bytes(least.peak)} at most) and longest under ${greatest.name} (${bytes(greatest.peak)}).`,
    );
  }
  const waits = names.map((name) => ({ name, wait: most(name, ({ run }) => run.close_wait_ns.max) }));
  const slow = waits.filter(({ wait }) => wait > 0).sort((a, b) => b.wait - a.wait);
  out.push(
    slow[0] === undefined
      ? "Closing a handle never waits."
      : `Closing a handle waits under ${list(slow.map(({ name }) => name))}, up to ${time(slow[0].wait)}.`,
  );
  return out.join(" ");
}
