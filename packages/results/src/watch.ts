import { type Subject, subjectName } from "@gpuvm/drivers";
import { type Bo, Replay, type Request } from "@gpuvm/drm-model";
import type { TraceSource } from "@gpuvm/workloads";
import { CannotHold, jobNsOf } from "./replay-one.ts";
import { isNative, translation } from "./translation.ts";

/** A replay that stopped at a time, with the object that was asked about. */
export interface Watched {
  /** The machine as it was then. */
  readonly replay: Replay;
  /** The object; null: no request named it before. */
  readonly bo: Bo | null;
  /** The requests that named it, with their time in milliseconds. */
  readonly requests: readonly string[];
  /** Whether the trace had to be translated. */
  readonly translated: boolean;
}

/**
 * Replays a trace in audit mode up to a time.
 *
 * @param serial the buffer's number in the trace
 * @param file the file that it belongs to
 * @param untilNs trace time to stop at; Infinity: the end, before files are closed
 * @param exit also lets the program end
 * @throws CannotHold if the trace asks for more than the subject can hold
 */
export async function watch(
  source: TraceSource,
  subject: Subject,
  serial: number,
  file: number,
  untilNs: number,
  exit: boolean,
): Promise<Watched> {
  try {
    return await watched(source, subject, serial, file, untilNs, exit);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CannotHold(source.name, subjectName(subject), error.message);
  }
}

async function watched(
  source: TraceSource,
  subject: Subject,
  serial: number,
  file: number,
  untilNs: number,
  exit: boolean,
): Promise<Watched> {
  const native = isNative(subject, source);
  const jobNs = jobNsOf(source.header.capturedWith);
  const replay = new Replay(
    subject.variant,
    { audit: true, ...(jobNs === undefined ? {} : { jobNs }) },
    { boOwnership: subject.boOwnership },
  );
  const translate = native ? (request: Request) => [request] : await translation(source, subject.variant);
  const requests: string[] = [];
  let bo: Bo | null = null;
  replay.begin();
  for await (const batch of source.batches()) {
    for (const request of batch) {
      if (request.t > untilNs) {
        replay.machine.advanceTo(Math.max(replay.machine.now, untilNs));
        return { replay, bo, requests, translated: !native };
      }
      for (const own of translate(request)) {
        const ret = replay.request(own);
        if (!("bo" in own) || own.bo !== serial || own.f !== file) continue;
        requests.push(`${(own.t / 1e6).toFixed(3)} ms ${own.op}${ret === 0 ? "" : ` answers ${ret}`}`);
      }
      if (request.op !== "close" && request.f === file) bo ??= replay.file(file).handles.get(serial) ?? null;
    }
  }
  if (exit) replay.closeFiles();
  else replay.machine.settle();
  return { replay, bo, requests, translated: !native };
}
