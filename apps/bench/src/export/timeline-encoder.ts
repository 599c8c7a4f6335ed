import { ChromeJsonEncoder, PerfettoEncoder, type TimelineEvent } from "@gpuvm/trace";

/** Turns a timeline into what viewers open, piece by piece. */
export interface TimelineEncoder {
  begin(): string | Uint8Array;
  event(event: TimelineEvent): string | Uint8Array;
  end(): string | Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The encoder of a format. */
export function timelineEncoder(format: "perfetto" | "chrome"): TimelineEncoder {
  if (format === "chrome") return new ChromeJsonEncoder();
  const encoder = new PerfettoEncoder();
  return { begin: () => NOTHING, event: (event) => encoder.event(event), end: () => NOTHING };
}
