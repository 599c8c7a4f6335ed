/** The prefix that trace-cmd, tracefs and perf put before each event. */

/** One event of a trace in text form. */
export interface FtraceLine {
  readonly pid: number;
  /** Nanoseconds on the clock of the trace. */
  readonly time: number;
  /** Name without the system. */
  readonly event: string;
  /** What the event prints. */
  readonly text: string;
}

// COMM-PID [CPU] FLAGS SECONDS.FRACTION: SYSTEM:EVENT: TEXT. The comm may hold blanks, colons and dashes, so the match starts
// at the pid. tracefs may put a (tgid) after the pid, perf has a blank before it; flags and system are in some dialects only.
const PREFIX =
  /[-\s](\d{1,10})\s{1,32}(?:\(\s{0,9}[-\d]{1,10}\)\s{1,32})?\[(\d{1,5})\]\s{1,32}(?:[^\s:]{4,5}\s{1,32})?(\d{1,12})\.(\d{1,9}):\s{1,32}(?:[\w-]{1,64}:)?(\w{1,64}):(?=\s|$)/;

/** Splits a line; undefined when it is none of an event. */
export function parseFtraceLine(line: string): FtraceLine | undefined {
  const m = PREFIX.exec(line);
  if (m === null) return undefined;
  const [prefix, pid, , seconds, fraction, event] = m;
  const nanoseconds = Number((fraction ?? "").padEnd(9, "0"));
  return {
    pid: Number(pid),
    time: Number(seconds) * 1e9 + nanoseconds,
    event: event ?? "",
    text: line.slice(m.index + prefix.length).trim(),
  };
}

/** Reads `name=value`, up to a comma or blank. */
export function field(text: string, name: string): string | undefined {
  for (let at = text.indexOf(`${name}=`); at >= 0; at = text.indexOf(`${name}=`, at + 1)) {
    // `vm=` must not be found in `hw_vm=`.
    if (at > 0 && text[at - 1] !== " " && text[at - 1] !== ",") continue;
    const from = at + name.length + 1;
    let to = from;
    while (to < text.length && text[to] !== "," && text[to] !== " ") to++;
    return text.slice(from, to);
  }
  return undefined;
}
