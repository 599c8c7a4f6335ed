import { finish, type Steps } from "@gpuvm/core";
import { expect, it } from "vitest";
import {
  IntervalNotifier,
  type IntervalNotifierOps,
  Machine,
  UserMemory,
  type UserPages,
} from "../src/index.ts";

const PAGE = 4096;

/** Who notes what it is told, and does not take its time. */
function listener(
  told: string[],
  name: string,
  more = false,
): IntervalNotifierOps & { it?: IntervalNotifier } {
  return {
    *invalidateStart(seq): Steps<boolean> {
      this.it?.setSeq(seq);
      told.push(`${name} starts`);
      return more;
    },
    *invalidateFinish(): Steps<void> {
      told.push(`${name} finishes`);
    },
  } as IntervalNotifierOps & { it?: IntervalNotifier };
}

it("tells those whose range it is, in two passes, and what was read before is not good any more", () => {
  const machine = new Machine();
  const memory = new UserMemory();
  const told: string[] = [];
  const first = listener(told, "first", true);
  const second = listener(told, "second");
  first.it = new IntervalNotifier(memory, 0, 2 * PAGE, first);
  second.it = new IntervalNotifier(memory, PAGE, 3 * PAGE, second);
  const seq = finish(first.it.readBegin(machine.dev));
  expect(first.it.readRetry(null)).toBe(true);
  expect(first.it.readRetry(seq)).toBe(false);
  finish(memory.invalidate(machine, 2 * PAGE, 3 * PAGE, "replace"));
  expect(told).toEqual(["second starts"]);
  expect(first.it.readRetry(seq)).toBe(false);
  finish(memory.invalidate(machine, 0, 2 * PAGE, "replace"));
  expect(told.slice(1)).toEqual(["first starts", "second starts", "first finishes"]);
  expect(first.it.readRetry(seq)).toBe(true);
  finish(first.it.remove(machine.dev));
  finish(memory.invalidate(machine, 0, PAGE, "replace"));
  expect(told).toHaveLength(4);
});

it("has no pages where the program has unmapped, until it maps there again", () => {
  const machine = new Machine();
  const memory = new UserMemory();
  const found = memory.fault(0, 4 * PAGE) as UserPages;
  finish(memory.invalidate(machine, PAGE, 3 * PAGE, "unmap"));
  expect(found.gone).toBe(true);
  expect(memory.fault(0, PAGE)).not.toBeNull();
  expect(memory.fault(0, 2 * PAGE)).toBeNull();
  memory.map(PAGE, 2 * PAGE);
  expect(memory.fault(0, 2 * PAGE)).not.toBeNull();
  expect(memory.fault(2 * PAGE, 3 * PAGE)).toBeNull();
});

it("finds who is told when it is freed, and page tables that lead to what goes", () => {
  const machine = new Machine();
  const memory = new UserMemory();
  const notifier = new IntervalNotifier(memory, 0, PAGE, listener([], "one"));
  notifier.freed(machine);
  expect(machine.hazards.at(-1)?.detail).toBe("notifier of 0x0 is freed and was not removed");
  const pages = memory.fault(0, PAGE) as UserPages;
  pages.led({ always: true }, 1);
  memory.release(machine, pages);
  expect(machine.hazards.at(-1)?.kind).toBe("stale-pte");
  expect(pages.gone).toBe(true);
});
