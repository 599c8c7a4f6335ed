import { visibleLine } from "@gpuvm/drm-model";

/** How bad a finding is. Only an error makes a check fail. */
export type Severity = "error" | "warning" | "note";

/** Name of a kind of finding; stable, to be listed in a configuration. */
export type FindingCode =
  | "overlap"
  | "outside-space"
  | "misaligned"
  | "use-after-unbind"
  | "map-over"
  | "unbind-nothing"
  | "closed-while-mapped"
  | "mapped-at-close"
  | "growth"
  | "fragmentation"
  | "unknown-syncobj"
  | "never-signalled"
  | "gpu-fault"
  | "lost-events"
  | "not-understood";

/** Every finding there is: how bad it is, and what to do about it. */
export const FINDINGS: Readonly<Record<FindingCode, readonly [Severity, string]>> = {
  overlap: ["error", "two mappings of one VM share addresses: the dump is damaged, or the driver's tree is"],
  "outside-space": [
    "error",
    "the mapping lies outside of its VM or in the kernel's part: check the addresses that userspace chose",
  ],
  misaligned: [
    "error",
    "addresses, offsets and lengths must be multiples of 4096; the kernel refuses such a bind",
  ],
  "use-after-unbind": [
    "error",
    "an address was used after it was unbound: wait for the work that uses it, or unbind later",
  ],
  "map-over": ["note", "a live mapping is replaced: intended for sparse memory, otherwise unbind it first"],
  "unbind-nothing": ["warning", "nothing is bound there: a bind is missing, or the same unbind came twice"],
  "closed-while-mapped": [
    "warning",
    "the mapping now decides how long the buffer lives: unbind before gem_close",
  ],
  "mapped-at-close": [
    "warning",
    "the kernel must clean these up: unbind before the file or the VM is closed",
  ],
  growth: ["warning", "memory only grows: look for buffers that are made again and again and never closed"],
  "unknown-syncobj": [
    "error",
    "the kernel answers such a call with -ENOENT or -EINVAL: make it first, with syncobj_create or syncobj_import",
  ],
  "never-signalled": [
    "warning",
    "such a wait is refused with -EINVAL, or goes on for ever: signal it first, or record what does",
  ],
  "gpu-fault": [
    "error",
    "look it up in binds that were recorded at the same time: lint TRACE and the log together",
  ],
  "lost-events": [
    "warning",
    "what follows rests on a state that nobody saw, so unbinds of nothing are not reported: record again with a larger buffer",
  ],
  "not-understood": [
    "warning",
    "what they asked is missing from all that is said of this file: please report lines of this kind",
  ],
  fragmentation: ["note", "neighbouring mappings of one buffer could be one: bind larger ranges at once"],
};

/** One thing that is wrong, or worth knowing, and where. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly message: string;
  readonly hint: string;
}

/** Puts a finding together. */
export function finding(code: FindingCode, file: string, line: number, message: string): Finding {
  const [severity, hint] = FINDINGS[code];
  return { code, severity, file, line, message, hint };
}

/** True when there is an error among the findings, so that a command should fail. */
export function hasErrors(findings: Iterable<Finding>): boolean {
  for (const f of findings) if (f.severity === "error") return true;
  return false;
}

/** One line for a terminal, however the names in it are made: `FILE:LINE: severity: message [code] (hint)`. */
export function formatFinding(f: Finding): string {
  return visibleLine(`${f.file}:${f.line}: ${f.severity}: ${f.message} [${f.code}] (${f.hint})`);
}
