import type { Ask, Mapping } from "./ask.ts";

/** What the page shows: what is mapped, and what is asked. */
export interface State {
  readonly before: readonly Mapping[];
  readonly request: Ask;
}

const MAPPING = /^(\d{1,4})-(\d{1,4})([A-D0])(\d{1,4})$/;

function write({ addr, end, obj, offset }: Mapping): string {
  return `${addr}-${end}${obj === "∅" ? "0" : obj}${offset}`;
}

function read(text: string): Mapping | null {
  const found = MAPPING.exec(text);
  if (found === null) return null;
  const [, addr, end, obj, offset] = found;
  const mapping = {
    addr: Number(addr),
    end: Number(end),
    obj: obj === "0" ? "∅" : (obj ?? "∅"),
    offset: Number(offset),
  };
  return mapping.addr < mapping.end ? mapping : null;
}

/** The state as the part of an address behind `#`, for a colleague to open. */
export function toHash({ before, request }: State): string {
  return `#old=${before.map(write).join("+")}&${request.kind}=${write(request)}`;
}

/** The state of such an address; null: it says none, or none that can be. */
export function fromHash(hash: string): State | null {
  const params = new URLSearchParams(hash.slice(1).replaceAll("+", "%2B"));
  const olds = (params.get("old") ?? "").split("+").filter((text) => text !== "");
  const before = olds.map(read).filter((mapping) => mapping !== null);
  if (before.length !== olds.length) return null;
  for (const kind of ["map", "unmap", "madvise"] as const) {
    const request = read(params.get(kind) ?? "");
    if (request !== null)
      return { before: [...before].sort((a, b) => a.addr - b.addr), request: { kind, ...request } };
  }
  return null;
}
