import { expect, test } from "vitest";
import { BIND_KINDS, type BindKind } from "../src/request.ts";

test("BIND_KINDS lists each kind of BindKind exactly once", () => {
  // A record over the type has all its members, or this file does not compile.
  const all: Record<BindKind, true> = {
    map: true,
    unmap: true,
    map_null: true,
    map_userptr: true,
    unmap_all: true,
    prefetch: true,
    sync: true,
  };
  expect([...BIND_KINDS].sort()).toEqual(Object.keys(all).sort());
});
