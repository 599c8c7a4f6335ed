import { describe, expect, it } from "vitest";
import { straight } from "../src/transform/straight.ts";

describe("calls as plain functions", () => {
  it("lose the star wherever it stands, and what goes on in them", () => {
    const from = `
export function* f(
  dev: DrmDevice,
): Steps<Errno> {
  if (dev.stopsAt(lock, "f")) yield dev.point;
  if (nv.dev.stopsFor("alloc", "f")) yield nv.dev.point;
  const job = {
    *submit() {
      return yield* g(function* () {});
    },
  };
  return (yield* h(1)) + 1;
}
class C {
  *#run(): Steps<void> {}
  static *of<T>(it: T): Steps<T> {}
}`;
    expect(straight(from)).toBe(`
export function f(
  dev: DrmDevice,
): Steps<Errno> {
  if (dev.stopsAt(lock, "f")) dev.pass();
  if (nv.dev.stopsFor("alloc", "f")) nv.dev.pass();
  const job = {
    submit() {
      return g(function () {});
    },
  };
  return (h(1)) + 1;
}
class C {
  #run(): Steps<void> {}
  static of<T>(it: T): Steps<T> {}
}`);
  });

  it("are no functions that yield values, and no multiplications", () => {
    const from = `
function* pairs(of: (a: number) => number): Generator<number> {
  yield of(1);
}
class C {
  *all(): Generator<C, void> {
    yield this;
  }
}
const n =
  2
  *f(3);
/** A list:
 *item */`;
    expect(straight(from)).toBe(from);
  });
});
