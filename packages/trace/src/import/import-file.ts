/** Reads a file of any known format as a stream. */
import type { TraceHeader } from "@gpuvm/drm-model";
import { type ByteSource, concat, inflate, inputError, UNNAMED } from "../inflate.ts";
import { LineBlocks } from "../line-block.ts";
import { readTrace, type TraceStream } from "../read-trace.ts";
import { TraceError } from "../trace-error.ts";
import { bindingReportImporter } from "./binding-report.ts";
import { dmesgImporter } from "./dmesg.ts";
import { fdinfoImporter } from "./fdinfo.ts";
import { IMPORT_FORMATS, type ImportFormat } from "./formats.ts";
import { gpuvasImporter } from "./gpuvas.ts";
import type { Imported, Importer } from "./imported.ts";
import { msmDevcoredumpImporter } from "./msm-devcoredump.ts";
import { msmGemImporter } from "./msm-gem.ts";
import { panthorGemsImporter } from "./panthor-gems.ts";
import { radvBoHistoryImporter } from "./radv-bo-history.ts";
import { type PassedOver, Skipped } from "./skipped.ts";
import { SNIFF_CHARS, sniff } from "./sniff.ts";
import { traceCmdImporter } from "./trace-cmd.ts";
import { vkd3dImporter } from "./vkd3d.ts";
import { xeDevcoredumpImporter } from "./xe-devcoredump.ts";

const IMPORTERS: Readonly<Record<Exclude<ImportFormat, "gpu-bo-trace">, (file: string) => Importer>> = {
  gpuvas: gpuvasImporter,
  "trace-cmd": traceCmdImporter,
  fdinfo: fdinfoImporter,
  "binding-report": bindingReportImporter,
  "radv-bo-history": radvBoHistoryImporter,
  vkd3d: vkd3dImporter,
  "xe-devcoredump": xeDevcoredumpImporter,
  "msm-devcoredump": msmDevcoredumpImporter,
  "msm-gem": msmGemImporter,
  "panthor-gems": panthorGemsImporter,
  dmesg: dmesgImporter,
};

/** Options of {@link importFile}. */
export interface ImportOptions {
  /** What to call the input in messages; by default its path. */
  readonly file?: string;
  /** The format, when it is known; by default it is told from the first lines. */
  readonly format?: ImportFormat;
}

/** A file that is being imported. Iterate it once. */
export interface ImportStream extends AsyncIterable<readonly Imported[]> {
  readonly format: ImportFormat;
  /** The header of a `gpu-bo-trace`; the other formats have none. */
  readonly header?: TraceHeader;
  /** What was passed over, by kind. Complete after the last batch. */
  readonly skipped: ReadonlyMap<string, PassedOver>;
}

/**
 * Opens a file of any format that {@link sniff} knows, plain or gzip, and reads it as a stream. Memory doesn't grow with
 * the file, but for what is alive in it at one time.
 *
 * @throws TraceError when the format isn't known, or a line that must be understood is damaged.
 *
 * @example
 * ```ts
 * import { importFile } from "@gpuvm/trace";
 * const bytes = new TextEncoder().encode("drm-driver:\txe\ndrm-client-id:\t7\ndrm-total-vram0:\t96 MiB\n");
 * for await (const batch of await importFile([bytes])) batch.length; // 1
 * ```
 */
export async function importFile(source: ByteSource, options: ImportOptions = {}): Promise<ImportStream> {
  const file = options.file ?? UNNAMED;
  const chunks = inflate(source);
  const head: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < SNIFF_CHARS) {
      const next = await chunks.next();
      if (next.done === true) break;
      head.push(next.value);
      bytes += next.value.length;
    }
  } catch (cause) {
    throw inputError(cause, file, 1);
  }
  const text = new TextDecoder().decode(concat(head).subarray(0, SNIFF_CHARS));
  const format = options.format ?? sniff(text);
  if (format === undefined) {
    await chunks.return();
    const reason = bytes === 0 ? "the file is empty" : "the format is not known";
    const hint =
      bytes === 0
        ? "was the recording or the copy interrupted?"
        : `it must be one of ${IMPORT_FORMATS.join(", ")}; if it is, --from FORMAT of import and lint says which`;
    throw new TraceError({ file, line: 1, reason, hint });
  }
  const all = rejoin(head, chunks);
  if (format === "gpu-bo-trace") {
    const odd = new Skipped();
    const trace = await readTrace(all, { file });
    const { header } = trace;
    return { format, header, skipped: odd, [Symbol.asyncIterator]: () => boTrace(trace, odd) };
  }
  const importer = IMPORTERS[format](file);
  return { format, skipped: importer.skipped, [Symbol.asyncIterator]: () => lines(all, file, importer) };
}

async function* rejoin(
  head: Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* head.splice(0);
    yield* rest;
  } finally {
    await rest.return();
  }
}

async function* boTrace(
  trace: TraceStream,
  odd: Skipped,
): AsyncGenerator<readonly Imported[], void, undefined> {
  // The header is line 1.
  let line = 1;
  for await (const batch of trace) {
    yield batch.map((request): Imported => ({ kind: "request", line: ++line, request }));
  }
  for (const { message, line: at } of trace.warnings) odd.unread(message, at);
}

async function* lines(
  source: AsyncGenerator<Uint8Array, void, undefined>,
  file: string,
  importer: Importer,
): AsyncGenerator<readonly Imported[], void, undefined> {
  const blocks = new LineBlocks(file);
  // Names of processes are any bytes: what is no UTF-8 is replaced, not refused.
  const utf8 = new TextDecoder();
  try {
    for (let last = false; !last; ) {
      const next = await source.next();
      last = next.done === true;
      for (const block of next.done === true ? blocks.finish() : blocks.push(next.value)) {
        const out: Imported[] = [];
        let failure: unknown;
        try {
          for (let i = 0; i < block.count; i++) {
            const end = (block.starts[i + 1] as number) - 1;
            const text = utf8.decode(block.bytes.subarray(block.starts[i], end));
            importer.line(text.endsWith("\r") ? text.slice(0, -1) : text, block.firstLine + i, out);
          }
        } catch (cause) {
          failure = cause;
        }
        if (out.length > 0) yield out;
        if (failure !== undefined) throw failure;
      }
    }
    const out: Imported[] = [];
    importer.end(out);
    if (out.length > 0) yield out;
  } catch (cause) {
    throw inputError(cause, file, Math.max(1, blocks.line - 1));
  } finally {
    await source.return();
  }
}
