import type { Answer } from "@gpuvm/conformance";

/** A call that maps: `["map", iova, bytes of an entry, entries]`. */
type MapCall = readonly ["map", string, number, number];

/** An event; `fw`: in the firmware's VM, where it is told as `{ fw: event }`. */
interface Told {
  readonly fw: boolean;
  readonly event: unknown;
}

/** The last fences of a sequence: `["fence", number, of what, status]`. */
type FenceCall = readonly ["fence", number, string, number];

/**
 * Consecutive calls that map what follows are told as one, and the walks that they flush after them. Fences that signal while
 * the recorder closes what is left are told with the others.
 */
export function fold(answer: Answer): Answer {
  if (!Array.isArray(answer["events"])) return answer;
  const all: readonly unknown[] = answer["events"];
  const events = all.filter((event) => !isFence(event));
  const last = all.filter(isFence).map(([, n, of, status]) => ({ n, of, status }));
  const fences = [...((answer["fences"] as { n: number }[] | undefined) ?? []), ...last].sort(
    (a, b) => a.n - b.n,
  );
  return { ...answer, events: foldMaps(events), ...(fences.length > 0 ? { fences } : {}) };
}

function isFence(event: unknown): event is FenceCall {
  return Array.isArray(event) && event[0] === "fence";
}

function foldMaps(events: readonly unknown[]): unknown[] {
  const out: Told[] = [];
  let maps: { fw: boolean; event: MapCall }[] = [];
  let walks: Told[] = [];
  const end = () => {
    out.push(...maps, ...walks);
    maps = [];
    walks = [];
  };
  for (const told of events.map(unwrapped)) {
    const { fw, event } = told;
    const last = maps.at(-1);
    if (typeof event === "string" && event.startsWith("flush_walk") && last !== undefined) walks.push(told);
    else if (!isMap(event)) {
      end();
      out.push(told);
    } else if (last?.fw === fw && goesOn(last.event, event))
      maps[maps.length - 1] = { fw, event: both(last.event, event) };
    else maps.push({ fw, event });
  }
  end();
  return out.map(({ fw, event }) => (fw ? { fw: event } : event));
}

function unwrapped(event: unknown): Told {
  return typeof event === "object" && event !== null && "fw" in event
    ? { fw: true, event: event.fw }
    : { fw: false, event };
}

function isMap(event: unknown): event is MapCall {
  return Array.isArray(event) && event[0] === "map";
}

function goesOn(before: MapCall, next: MapCall): boolean {
  const [, iova, bytes, count] = before;
  return bytes === next[2] && Number(iova) + bytes * count === Number(next[1]);
}

function both([, iova, bytes, count]: MapCall, next: MapCall): MapCall {
  return ["map", iova, bytes, count + next[3]];
}
