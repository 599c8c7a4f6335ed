import type { Answer } from "@gpuvm/conformance";

/** A call that maps: `["map", iova, bytes of an entry, entries]`. */
type MapCall = readonly ["map", string, number, number];

/** Consecutive calls that map what follows are told as one, and the walks that they flush after them. */
export function fold(answer: Answer): Answer {
  const events = answer["events"];
  if (!Array.isArray(events)) return answer;
  const out: unknown[] = [];
  let maps: MapCall[] = [];
  let walks: unknown[] = [];
  const end = () => {
    out.push(...maps, ...walks);
    maps = [];
    walks = [];
  };
  for (const event of events as readonly unknown[]) {
    const last = maps.at(-1);
    if (typeof event === "string" && event.startsWith("flush_walk") && last !== undefined) walks.push(event);
    else if (!isMap(event)) {
      end();
      out.push(event);
    } else if (last !== undefined && last[2] === event[2] && endOf(last) === Number(event[1]))
      maps[maps.length - 1] = ["map", last[1], last[2], last[3] + event[3]];
    else maps.push(event);
  }
  end();
  return { ...answer, events: out };
}

function isMap(event: unknown): event is MapCall {
  return Array.isArray(event) && event[0] === "map";
}

function endOf([, iova, bytes, count]: MapCall): number {
  return Number(iova) + bytes * count;
}
