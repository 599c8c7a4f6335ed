import type { TimelineArgs, TimelineEvent } from "./timeline-event.ts";

/**
 * Writes the JSON that `chrome://tracing` and Perfetto open. Lifetimes of mappings overlap, so they are async events
 * (`b`, `e`): events that must nest (`B`, `E`) would land in an overflow track. Addresses are hexadecimal strings, because
 * JSON's numbers lose digits above 2^53.
 *
 * @example
 * ```ts
 * import { ChromeJsonEncoder } from "@gpuvm/trace";
 * const json = new ChromeJsonEncoder();
 * const text = json.begin() + json.event({ type: "counter", t: 0, track: "bytes", value: 1 }) + json.end();
 * JSON.parse(text).length; // 2
 * ```
 */
export class ChromeJsonEncoder {
  readonly #tracks = new Map<string, number>();
  #first = true;

  /** Opens the file. */
  begin(): string {
    return "[";
  }

  /** Text for one event; some give more than one entry. */
  event(e: TimelineEvent): string {
    const known = this.#tracks.get(e.track);
    const tid = known ?? this.#tracks.size + 1;
    let out = "";
    if (known === undefined) {
      this.#tracks.set(e.track, tid);
      out += this.#entry({ ph: "M", pid: 1, tid, name: "thread_name", args: { name: e.track } });
    }
    const at = { pid: 1, tid, ts: e.t / 1000 };
    switch (e.type) {
      case "begin":
        return (
          out + this.#entry({ ph: "b", ...at, cat: e.track, id: e.id, name: e.name, args: plain(e.args) })
        );
      case "end":
        return out + this.#entry({ ph: "e", ...at, cat: e.track, id: e.id, name: "" });
      case "counter":
        return out + this.#entry({ ph: "C", ...at, name: e.track, args: { value: e.value } });
      case "instant": {
        // A flow is tied to a slice, so what it joins are slices of no length.
        out += this.#entry({ ph: "X", ...at, dur: 0, cat: e.track, name: e.name, args: plain(e.args) });
        for (const id of e.flowsIn ?? [])
          out += this.#entry({ ph: "f", bp: "e", ...at, cat: "flow", id, name: "flow" });
        for (const id of e.flowsOut ?? [])
          out += this.#entry({ ph: "s", ...at, cat: "flow", id, name: "flow" });
        return out;
      }
    }
  }

  /** Closes the file. */
  end(): string {
    return "\n]\n";
  }

  #entry(value: object): string {
    const separator = this.#first ? "\n" : ",\n";
    this.#first = false;
    return separator + JSON.stringify(value);
  }
}

function plain(args: TimelineArgs | undefined): Record<string, string | number | boolean> {
  const out: Record<string, string | number | boolean> = {};
  for (const [k, v] of Object.entries(args ?? {})) {
    if (typeof v === "bigint") out[k] = `0x${v.toString(16)}`;
    else out[k] = typeof v === "number" && !Number.isSafeInteger(v) ? String(v) : v;
  }
  return out;
}
