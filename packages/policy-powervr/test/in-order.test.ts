import { finish } from "@gpuvm/core";
import { Machine } from "@gpuvm/drm-model";
import { expect, it } from "vitest";
import { Drawing, noteBehind, noteDrawing, notGivenTooEarly } from "../src/queue/in-order.ts";
import { FRAGMENT, GEOMETRY, type PvrJob, putJob } from "../src/queue/job.ts";

function world() {
  const machine = new Machine({ watch: true });
  const hwrt = { drawing: [] };
  const job = (name: string, type: number, more: object = {}): PvrJob =>
    ({
      ...{ name, type, hwrt, refs: 1, paired: null, behind: [], dependencies: [], ctx: { pvr: { machine } } },
      fence: { finished: { base: machine.fence(machine.fenceContext(), 1) } },
      ...more,
    }) as unknown as PvrJob;
  return { machine, job, found: () => machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`) };
}

/** A job is submitted, and when it may begin. */
function submit(job: PvrJob): Drawing {
  noteBehind(job);
  noteDrawing(job);
  return new Drawing(job, undefined);
}

it("finds a job that draws while one before it still does, of which one writes", () => {
  const { job, found } = world();
  const [first, second] = [submit(job("a", GEOMETRY)), submit(job("b", FRAGMENT))];
  first.starts();
  second.starts();
  expect(found()).toEqual([
    "job-order: it begins, and a is not done, which was to draw to its target before",
  ]);
});

it("is content with jobs in turn, with two that read, and with one that was given up", () => {
  const { job, found } = world();
  const given = job("a", GEOMETRY);
  const [first, ...others] = [given, job("b", FRAGMENT), job("c", FRAGMENT)].map(submit);
  first?.stops();
  for (const other of others) other.starts();
  const last = job("d", GEOMETRY);
  submit(last);
  last.fence?.finished.base.signal(-62);
  for (const other of others) other.stops();
  submit(job("e", FRAGMENT)).starts();
  expect(found()).toEqual([]);
});

it("finds a job that the firmware is given before another driver's work is done", () => {
  const { machine, job, found } = world();
  const base = machine.fence(machine.fenceContext(), 1);
  const behind = job("a", FRAGMENT, { dependencies: [{ name: "fence#7", base, sched: null }, null] });
  notGivenTooEarly(behind);
  base.signal();
  notGivenTooEarly(behind);
  expect(found()).toEqual([
    "job-order: it is given to the firmware, and waits for fence#7, of which that knows nothing",
  ]);
});

it("finds a job that is put and has no reference left", () => {
  const { job, found } = world();
  finish(putJob(job("a", GEOMETRY, { refs: 0 })));
  expect(found()).toEqual(["count-underflow: a is put, and has no reference left"]);
});
