import { describe, expect, it } from "vitest";
import { Room } from "../src/cli/room.ts";

/** A heap of 1000 MiB with so much in it, of which so much is garbage. */
function heap(used: number, garbage: number) {
  const state = { used, garbage, collected: 0 };
  const mib = 2 ** 20;
  const room = new Room(
    1000 * mib,
    () => (state.used + state.garbage) * mib,
    () => {
      state.collected++;
      state.garbage = 0;
    },
  );
  return { state, room };
}

describe("Room", () => {
  it("says what raises the limit before V8 ends the process", () => {
    expect(() => heap(800, 0).room.check()).toThrow(/more than the 1000 MiB .*--max-old-space-size=2000/);
    expect(() => heap(300, 0).room.check()).not.toThrow();
  });

  it("refuses nobody for garbage, and collects it no more often than it helps", () => {
    const { state, room } = heap(300, 600);
    room.check();
    room.check();
    expect(state.collected).toBe(1);
    state.used = 720;
    room.check();
    room.check();
    expect(state.collected).toBe(2);
    state.used = 790;
    expect(() => room.check()).toThrow(RangeError);
  });
});
