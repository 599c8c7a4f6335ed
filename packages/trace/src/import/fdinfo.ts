/**
 * `/proc/PID/fdinfo/FD` of DRM files, one or many after each other, as Linux 5.19 to 7.3 prints them (drm/drm_file.c and
 * the drivers): with `cat`, `head`, `tail`, `grep -H` or again and again over time.
 *
 * ```
 * file   = { [ PATH ":" ] KEY ":" BLANK VALUE [ " " UNIT ] NL | any text with a path NL }       UNIT: KiB, MiB, GiB, none for bytes
 * ```
 *
 * A new file begins with a new path, with `pos:`, or where that was cut off with the next `drm-driver:`. Amounts are
 * `drm-{total,shared,active,resident,purgeable}-REGION`, the older `drm-memory-REGION` (resident), and a driver's own. A
 * client (driver, device and client id) is counted once, whatever number of its file descriptors are shown.
 */
import type { Imported, Importer } from "./imported.ts";
import { decimal } from "./numbers.ts";
import { Skipped } from "./skipped.ts";

const MEMORY = /^drm-(total|shared|active|resident|purgeable|memory)-([\w.-]{1,64})$/;
/** A driver's own amount, such as `amd-evicted-vram` or `panthor-resident-memory`. */
const OWN = /^([a-z0-9]{1,16}-[a-z]{1,16})-([\w.-]{1,64})$/;
const AMOUNT = /^(\d{1,20})(?: {1,4}(KiB|MiB|GiB))?$/;
const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 * 1024, GiB: 1024 ** 3 };
const PATH = /(?:\/proc\/[\w/]{1,40}|\bfdinfo)\/(\d{1,10})\b/;

/** Keys that tell no amount of memory. */
const HARMLESS =
  /^(?:pos|flags|mnt_id|ino|pasid|drm-(?:driver|client-id|client-name|pdev|engine-[\w.-]{1,64}|cycles-[\w.-]{1,64}|total-cycles-[\w.-]{1,64}|maxfreq-[\w.-]{1,64}|curfreq-[\w.-]{1,64}))$/;
/** Values that are no amounts of memory: times, frequencies, numbers of jobs. */
const NO_MEMORY = /^\d{1,20} {0,4}(?:ns|Hz|jobs|%)$/;

/** Clients whose files are told apart; a machine has far fewer. */
const CLIENTS_MAX = 65_536;
/** Keys of one file that are held until its client is known; no driver has so many. */
const KEYS_MAX = 1024;

interface Row {
  readonly line: number;
  readonly region: string;
  readonly what: string;
  readonly bytes: number;
}

/** Makes an importer for one file. */
export function fdinfoImporter(file: string): Importer {
  const skipped = new Skipped();
  /** For each client: through which file it was seen, and what that said. */
  const clients = new Map<string, { path: string; said: string }>();
  let rows: Row[] = [];
  let others: { what: string; line: number; harmless: boolean }[] = [];
  let driver: string | undefined;
  let client = "";
  let device = "";
  let path = "";
  let opened = 0;
  /** Files that are no clients were seen: whole folders are shown, not one file over time. */
  let folders = false;

  function count(): void {
    for (const { what, line, harmless } of others) {
      if (driver === undefined && rows.length === 0) skipped.harmless("file that is no DRM client", line);
      else if (harmless) skipped.harmless(what, line);
      else skipped.unread(what, line);
    }
  }

  /** A file is over. */
  function flush(out: Imported[]): void {
    count();
    if (driver === undefined && others.length > 0 && rows.length === 0) folders = true;
    if (rows.length > 0) {
      const owner = `${driver ?? "?"} client ${client || "?"}${device === "" ? "" : ` on ${device}`}`;
      const resident = new Set(rows.filter((r) => r.what === "resident").map((r) => r.region));
      // The old key says the same as the new one, where both are there.
      const kept = rows.filter((r) => r.what !== "memory" || !resident.has(r.region));
      if (isNew(owner, kept)) {
        for (const { line, region, what, bytes } of kept) {
          const shown = what === "memory" ? "resident" : what;
          const snapshot = { type: "memory", owner, region, what: shown, bytes } as const;
          out.push({ kind: "snapshot", line, snapshot });
        }
      } else skipped.harmless("file of a client that was counted", opened);
    }
    rows = [];
    others = [];
    driver = undefined;
    client = "";
    device = "";
  }

  /** False for a second file of the same client; true for the same file at another time. */
  function isNew(owner: string, of: readonly Row[]): boolean {
    const said = of.map((r) => `${r.what} ${r.region} ${r.bytes}`).join("\n");
    const known = clients.get(owner);
    if (known === undefined) {
      if (client !== "" && clients.size < CLIENTS_MAX) clients.set(owner, { path, said });
      return true;
    }
    if (path !== "" || known.path !== "") return path === known.path;
    // Without paths: in a folder, the same again is another descriptor of the same file.
    const again = folders && said === known.said;
    known.said = said;
    return !again;
  }

  function begin(of: string, line: number, out: Imported[]): void {
    flush(out);
    path = of;
    opened = line;
  }

  function take(key: string, value: string, line: number): void {
    if (key === "drm-driver") driver = value;
    else if (key === "drm-client-id") client = value;
    else if (key === "drm-pdev") device = value;
    // What tells the client is used, not passed over.
    if (key === "drm-driver" || key === "drm-client-id" || key === "drm-pdev") return;
    const memory = MEMORY.exec(key);
    const amount = AMOUNT.exec(value);
    if (memory !== null) {
      const place = { file, line };
      if (amount === null) decimal(value.split(" ", 1)[0] as string, key, place);
      if (amount === null)
        others.push({ what: `${key} in ${value.slice(value.indexOf(" ") + 1)}`, line, harmless: false });
      else {
        const bytes = decimal(amount[1] as string, key, place) * (UNITS[amount[2] ?? ""] ?? 1);
        rows.push({ line, region: memory[2] as string, what: memory[1] as string, bytes });
      }
      return;
    }
    if (HARMLESS.test(key) || NO_MEMORY.test(value)) {
      others.push({ what: key, line, harmless: true });
      return;
    }
    const own = OWN.exec(key);
    if (own !== null && !key.startsWith("drm-") && amount !== null && amount[2] !== undefined) {
      const bytes = decimal(amount[1] as string, key, { file, line }) * (UNITS[amount[2]] as number);
      rows.push({ line, region: own[2] as string, what: own[1] as string, bytes });
    } else others.push({ what: key, line, harmless: false });
  }

  return {
    skipped,
    line(text: string, line: number, out: Imported[]): void {
      // grep puts the path before the key; keys hold no colon, and a blank follows theirs.
      const at = keyEnd(text);
      const prefixed = at < 0 ? -1 : text.lastIndexOf(":", at - 1);
      const key = at < 0 ? "" : text.slice(prefixed + 1, at);
      const value = at < 0 ? "" : text.slice(at + 1).trim();
      const from = prefixed < 0 ? undefined : text.slice(0, prefixed);
      const told = at < 0 || /\s/.test(key) || value.startsWith("/proc/");
      const head = told ? PATH.exec(text) : null;
      if (head !== null) {
        begin(head[0], line, out);
        return;
      }
      if (key === "" || /\s/.test(key)) {
        if (text.trim() !== "") others.push({ what: "line without a key", line, harmless: false });
        return;
      }
      if (from !== undefined && from !== path) begin(from, line, out);
      else if (from === undefined && key === "pos" && (driver !== undefined || others.length > 0)) {
        // A path that was told before stands for its first file only.
        begin(others.some((o) => o.what === "pos") ? "" : path, line, out);
      } else if (key === "drm-driver" && driver !== undefined) begin(path, line, out);
      take(key, value, line);
      if (rows.length >= KEYS_MAX) begin(path, line, out);
      if (others.length >= KEYS_MAX) {
        count();
        others = [];
      }
    },
    end(out: Imported[]): void {
      flush(out);
    },
  };
}

/** Where the key ends: at the first colon that a blank or nothing follows. */
function keyEnd(text: string): number {
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) {
    const next = text[at + 1];
    if (next === undefined || next === "\t" || next === " ") return at;
  }
  return -1;
}
