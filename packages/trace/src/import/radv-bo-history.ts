/**
 * RADV's history of buffers, as Mesa 21.1 to 26 writes it: `bo_history.log` of a hang report, and
 * `/tmp/radv_bo_history.log` with `RADV_DEBUG=dumpbohistory`. It is what the driver asked of the kernel, so it tells more
 * than the address binding report does.
 *
 * ```
 * file = { "timestamp=" NS ", VA=" START "-" END ", destroyed=" ("0"|"1") ", is_virtual=" ("0"|"1") NL
 *        | "timestamp=" NS ", VA=" START "-" END ", mapped_to=" ADDRESS NL }
 * ```
 *
 * A virtual buffer is a range of addresses for sparse binding: mapped to nothing until parts of it are mapped to where
 * other buffers are. `mapped_to` 0 is nothing again.
 */
import { MappingSet } from "../mapping-set.ts";
import type { Imported, Importer } from "./imported.ts";
import { NeutralBuilder } from "./neutral-builder.ts";
import { decimal, exactNumber, hex64, unsigned48 } from "./numbers.ts";
import { Skipped } from "./skipped.ts";

const LINE =
  /^\s{0,16}timestamp=\s{0,20}(\d{1,20})\s{0,99},\s{0,99}VA=\s{0,20}(?:0x)?([0-9a-fA-F]{1,16})-(?:0x)?([0-9a-fA-F]{1,16})\s{0,99},\s{0,99}(?:destroyed=([01])\s{0,99},\s{0,99}is_virtual=([01])|mapped_to=(?:0x)?([0-9a-fA-F]{1,16}))\s{0,99}$/;

/** Makes an importer for one file. */
export function radvBoHistoryImporter(file: string): Importer {
  const skipped = new Skipped();
  const build = new NeutralBuilder();
  /** Live buffers by address; the serial of a virtual one is 0. */
  const buffers = new MappingSet();

  /** The buffer at an address is gone: its mapping too, and what was mapped to it stays as the driver left it. */
  function destroy(vm: number, va: number, length: number): void {
    build.bind(vm, "unmap", 0, 0, va, length);
    for (const gone of buffers.unmap(va, length).removed) if (gone.bo !== 0) build.boClose(`at ${gone.va}`);
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const m = LINE.exec(text);
      if (m === null) {
        if (text.trim() !== "") skipped.unread("line that is none of a history of buffers", line);
        return;
      }
      const place = { file, line };
      const start = unsigned48(hex64(m[2] as string, "VA", place));
      const end = unsigned48(hex64(m[3] as string, "VA", place) - 1n) + 1n;
      if (end <= start) {
        skipped.unread("buffer of no size", line);
        return;
      }
      build.at(line, decimal(m[1] as string, "timestamp", place), out);
      const va = exactNumber(start, "VA", place);
      const length = exactNumber(end - start, "length", place);
      const vm = build.vm("device");
      if (m[4] === "1") destroy(vm, va, length);
      else if (m[4] === "0") {
        if (buffers.at(va) !== undefined) destroy(vm, va, length);
        const virtual = m[5] === "1";
        const bo = virtual ? 0 : build.bo(`at ${va}`, length);
        build.bind(vm, virtual ? "map_null" : "map", bo, 0, va, length);
        buffers.map(va, length, bo, 0, line);
      } else {
        const to = exactNumber(unsigned48(hex64(m[6] as string, "mapped_to", place)), "mapped_to", place);
        const buffer = to === 0 ? undefined : buffers.at(to);
        if (to !== 0 && (buffer === undefined || buffer.bo === 0)) {
          skipped.unread("mapped_to an address where no buffer is known", line);
        }
        if (buffer === undefined || buffer.bo === 0) build.bind(vm, "map_null", 0, 0, va, length);
        else build.bind(vm, "map", buffer.bo, to - buffer.va, va, length);
      }
    },
    end(): void {},
  };
}
