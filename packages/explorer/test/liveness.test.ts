import type { Frame } from "@gpuvm/core/undo";
import { describe, expect, it } from "vitest";

/** Names of the locals that a call still has to read, at each of its stops. */
function liveAtStops(call: Iterator<unknown>, sent: readonly unknown[] = []): string[] {
  const frame = call as Frame;
  const names =
    /\[([^\]]*)\]/
      .exec(String(frame.locals))?.[1]
      ?.split(",")
      .map((name) => name.trim()) ?? [];
  const out: string[] = [];
  for (let i = 0; ; i++) {
    const { done } = sent[i] instanceof Error ? frame.throw(sent[i]) : frame.next(sent[i]);
    if (done) return out;
    const live = (frame.live?.[frame.n] ?? []).map((at) => names[at] as string);
    out.push(
      live
        .filter((name) => !/^[_$]/.test(name))
        .sort()
        .join(" "),
    );
  }
}

describe("of a call's locals those are part of the state that it can still read", () => {
  it("not once they were read for the last time, nor before they are written", () => {
    function* call(a: number, b: number): Generator<number> {
      const sum = a + b;
      yield a;
      yield sum;
      const late = b;
      yield 0;
      yield late;
    }
    expect(liveAtStops(call(1, 2))).toEqual(["b sum", "b", "late", ""]);
  });

  it("as long as a loop may come back to them", () => {
    function* call(list: readonly number[]): Generator<number> {
      let last = 0;
      for (const each of list) {
        yield last;
        last = each;
      }
      yield 0;
    }
    expect(liveAtStops(call([7]))).toEqual(["each", ""]);
    function* again(n: number): Generator<number> {
      let i = 0;
      while (i < n) {
        const twice = 2 * i;
        yield i;
        i += twice > 0 ? 1 : 2;
      }
    }
    expect(liveAtStops(again(2))).toEqual(["i n twice"]);
  });

  it("where one of two ways reads them", () => {
    function* call(a: number, b: number): Generator<number> {
      const one = a;
      const two = b;
      yield 0;
      if (a > 0) yield one;
      else yield two;
    }
    expect(liveAtStops(call(1, 2))).toEqual(["a one two", ""]);
  });

  it("where what handles an error reads them, and what is done in any event", () => {
    function* call(a: number, b: number): Generator<number> {
      let c = a;
      try {
        yield 1;
        c = 2;
        yield 2;
      } catch {
        yield c;
      } finally {
        yield b;
      }
      yield a;
    }
    expect(liveAtStops(call(1, 2))).toEqual(["a b c", "a b c", "a", ""]);
    expect(liveAtStops(call(1, 2), [undefined, new Error("no")])).toEqual(["a b c", "a b", "a", ""]);
  });

  it("where a call that is waited for may throw", () => {
    function* inner(): Generator<number> {
      yield 1;
    }
    function* call(a: number): Generator<number> {
      const why = a + 1;
      try {
        yield* inner();
      } catch {
        yield why;
      }
    }
    expect(liveAtStops(call(1))).toEqual(["why"]);
    expect(liveAtStops(call(1), [undefined, new Error("no")])).toEqual(["why", ""]);
  });

  it("where a function that is called later reads them, as that says itself what it captures", () => {
    function* call(a: number): Generator<number> {
      let heard = a;
      const hear = (): number => heard;
      yield 0;
      heard = 3;
      yield 1;
      yield hear();
    }
    expect(liveAtStops(call(1))).toEqual(["hear", "hear", ""]);
    function* helped(a: number): Generator<number> {
      let heard = a;
      function help(): void {
        heard = heard + 1;
      }
      yield 0;
      help();
    }
    expect(liveAtStops(helped(1))).toEqual(["heard help"]);
  });
});
