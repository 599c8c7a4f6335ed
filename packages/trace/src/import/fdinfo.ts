/**
 * `/proc/PID/fdinfo/FD` of a DRM file, one or many after each other.
 *
 * ```
 * file  = { KEY ":" BLANK VALUE [ " " UNIT ] NL }       UNIT: KiB, MiB, or none for bytes
 * ```
 *
 * `drm-{total,shared,active,resident,purgeable}-REGION` and the older `drm-memory-REGION` (resident) are memory; a new file
 * begins with `pos:` or, where that was cut off, with the next `drm-driver:`.
 */
import { type Imported, type Importer, Skipped } from "./imported.ts";
import { decimal } from "./numbers.ts";

const MEMORY = /^drm-(total|shared|active|resident|purgeable|memory)-([\w.-]+)$/;
const UNITS: Readonly<Record<string, number>> = { "": 1, KiB: 1024, MiB: 1024 * 1024, GiB: 1024 ** 3 };

/** Makes an importer for one file. */
export function fdinfoImporter(file: string): Importer {
  const skipped = new Skipped();
  let driver = "";
  let client = "";
  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      const colon = text.indexOf(":");
      const key = text.slice(0, Math.max(0, colon));
      const value = text.slice(colon + 1).trim();
      if (key === "pos") {
        driver = "";
        client = "";
      } else if (key === "drm-driver") {
        driver = value;
        client = "";
      } else if (key === "drm-client-id") client = value;
      const m = MEMORY.exec(key);
      if (m === null) {
        if (text.trim() !== "") skipped.add(key === "" ? "line without a key" : key);
        return;
      }
      const [amount = "", unit = ""] = value.split(/\s+/);
      const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
      if (factor === undefined) {
        skipped.add(`${key} in ${unit}`);
        return;
      }
      const bytes = decimal(amount, key, { file, line }) * factor;
      const what = m[1] === "memory" ? "resident" : (m[1] as string);
      const owner = `${driver || "?"} client ${client || "?"}`;
      out.push({
        kind: "snapshot",
        line,
        snapshot: { type: "memory", owner, region: m[2] as string, what, bytes },
      });
    },
    end(): void {},
  };
}
