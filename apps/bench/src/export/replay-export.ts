import { DRIVERS, subjectNamed } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import type { TimelineEvent } from "@gpuvm/trace";
import { openTrace } from "../inputs/open-trace.ts";
import { toldSource } from "../inputs/told-source.ts";
import { replayOne } from "../run/replay.ts";
import type { ExportArgs, Put } from "./export-args.ts";
import { GpuvasOfReplay } from "./gpuvas-of-replay.ts";
import { ReplayTimeline } from "./replay-timeline.ts";
import { timelineEncoder } from "./timeline-encoder.ts";

/** Bytes of a timeline that are gathered before they are written. */
const FLUSH_PIECES = 4096;

/**
 * Writes what a policy makes of a trace: a timeline, or its address spaces at one moment.
 *
 * @returns why it is not of the whole trace, in words
 */
export async function exportReplay(
  args: ExportArgs,
  put: Put,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const opened = await openTrace(args.file, signal);
  const source = toldSource(opened, args.policy ?? opened.name);
  const own = DRIVERS.find((driver) => driver.name === source.header.driver) ?? DRIVERS[0];
  const subject = subjectNamed(args.policy ?? own?.name ?? "");
  const options = { audit: false, lockdep: false, repeat: 1, signal };
  if (args.format === "gpuvas") {
    const sampler = new GpuvasOfReplay((args.at ?? Number.POSITIVE_INFINITY) * 1e6);
    await replayOne(source, subject, { ...options, sampler });
    await put(sampler.text);
    if (sampler.text === "")
      say("no address space exists at that time: give another --at, in milliseconds\n");
    return source.incomplete?.() ?? [];
  }
  if (args.format !== "perfetto" && args.format !== "chrome") {
    throw new UsageError("with --policy, export gives perfetto, chrome or gpuvas; for figures use run");
  }
  const encoder = timelineEncoder(args.format);
  const pieces: Uint8Array[] = [Buffer.from(encoder.begin())];
  const done: Uint8Array[] = [];
  const sampler = new ReplayTimeline((event: TimelineEvent) => {
    pieces.push(Buffer.from(encoder.event(event) as Uint8Array));
    if (pieces.length >= FLUSH_PIECES) done.push(Buffer.concat(pieces.splice(0)));
  });
  await replayOne(source, subject, { ...options, sampler });
  for (const piece of done) await put(piece);
  pieces.push(Buffer.from(encoder.end()));
  await put(Buffer.concat(pieces));
  return source.incomplete?.() ?? [];
}
