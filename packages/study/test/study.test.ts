import { subjectNamed } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type Claim, missesOf } from "../src/claims/claim.ts";
import { modelledFlip, parseCosts, THREAD_COSTS } from "../src/costs.ts";
import { experimentOf } from "../src/experiment.ts";
import { runStudyOn } from "../src/run-study.ts";
import { runSchedule } from "../src/schedule.ts";
import { studyJson } from "../src/study-json.ts";
import { studySubjects } from "../src/subjects.ts";
import { WORKLOADS } from "../src/workloads/all.ts";

const PARAMS = { flips: 12, buffers: 3, jobs: 21, jobMs: 4, hz: 60 };
const study = runStudyOn(studySubjects(), [], PARAMS);
const outcome = (workload: string, way: string) =>
  study.cells.find((c) => c.workload === workload && c.way === way)?.outcome;

describe("study", () => {
  it("has a cell, or a reason, for every workload on every variant", () => {
    expect(study.cells.length + study.skipped.length).toBe(WORKLOADS.length * study.subjects.length);
    expect(study.skipped.every(({ reason }) => reason.length > 10)).toBe(true);
  });

  it("is as the fact sheet says with other parameters, too; what is not claimed says so", () => {
    expect(study.cells.filter((cell) => cell.agrees === false)).toEqual([]);
    expect(study.cells.filter((cell) => cell.agrees === null && cell.reason === "")).toEqual([]);
    expect(study.cells.filter((cell) => cell.agrees === true).length).toBeGreaterThan(100);
  });

  it("the headline facts come out by themselves", () => {
    expect(outcome("W1", "HARD0")).toMatchObject({
      leaked_bos_per_iteration: 1,
      leaked_vms_per_program: 1,
      leaked_bos_per_program_iteration: 1,
      leaked_vms_per_program_iteration: 1,
    });
    for (const way of ["OWN", "SOFT4", "MERGED"]) {
      expect(outcome("W3", way)).toMatchObject({ scanout_maps: 3, scanout_unmaps: 0 });
    }
    expect(outcome("W3", "HARDU")).toMatchObject({ scanout_maps: 12, scanout_unmaps: 12 });
    expect(outcome("W8", "powervr:6.11")).toMatchObject({ leaked_bos: 21, leaked_vms: 1 });
    expect(outcome("W8", "powervr:mainline")).toMatchObject({ leaked_bos: 0, leaked_vms: 0 });
    expect(outcome("W2", "SOFT4")?.["gpu_faults"]).toBe(1);
    expect(outcome("W1", "MERGED")?.["close_wait_ms"]).toBe(4);
  });

  it("is the same each time", () => {
    expect(studyJson(runStudyOn(studySubjects(), ["W1", "W10"], PARAMS), THREAD_COSTS)).toBe(
      studyJson(runStudyOn(studySubjects(), ["w1", "w10"], PARAMS), THREAD_COSTS),
    );
  });
});

describe("work that does not end", () => {
  const cellOf = (workload: string, way: string) =>
    study.cells.find((c) => c.workload === workload && c.way === way);
  const triedOf = (workload: string, way: string) => cellOf(workload, way)?.tried;

  it("each driver ends it by its own clock: msm at the second look, xe and panthor after 5 s, nouveau after 10 s", () => {
    expect([
      outcome("W16", "MERGED"),
      outcome("W16", "xe:mainline"),
      outcome("W16", "panthor:mainline"),
      outcome("W16", "nouveau:vm-bind"),
    ]).toMatchObject([
      // A second after the look that saw the first job done, at 1 s.
      { last_job_ms_1: 2000 - PARAMS.jobMs, close_wait_ms_1: 2000 - PARAMS.jobMs, lost_behind: 0 },
      { last_job_ms_1: 5000, close_wait_ms_1: 0, lost_behind: 20 },
      { last_job_ms_1: 5000, close_wait_ms_1: 0, lost_behind: 20 },
      { last_job_ms_1: 10000, close_wait_ms_1: 0, lost_behind: 20 },
    ]);
    // 8 are on the ring, of which one hangs.
    expect(outcome("W16", "BIND")).toMatchObject({ lost_behind: 7, kept_objects_after_n: 21 });
  });

  it("v4 of the series unmaps under the GPU that hangs, the merged rule does not", () => {
    expect([
      outcome("W16", "SOFT4")?.["unmapped_running_1"],
      outcome("W16", "MERGED")?.["unmapped_running_1"],
    ]).toEqual([1, 0]);
  });

  it("under the other ownership explicit binds lose what the GPU works with, and lose nothing under their own", () => {
    expect(triedOf("W16", "BIND")?.outcome["unmapped_running_n"]).toBe(PARAMS.jobs);
    expect(triedOf("W16", "panthor:mainline")?.outcome["freed_mapped_n"]).toBe(PARAMS.jobs);
    expect(outcome("W16", "BIND")?.["unmapped_running_n"]).toBe(0);
    expect(outcome("W16", "panthor:mainline")?.["freed_mapped_n"]).toBe(0);
    expect(triedOf("W16", "BIND")?.ownership).toBe("soft");
    const unended = new Set(WORKLOADS.flatMap((one) => (one.unended === true ? [one.id] : [])));
    expect(study.cells.filter(({ tried, workload }) => (tried !== null) !== unended.has(workload))).toEqual(
      [],
    );
  });

  it("memory that is short: what is shown stays, what has no handle has to make room where it is held", () => {
    const few = { shown_taken: 0, kept_without_handle: 0, taken_objects: 1 };
    expect([outcome("W19", "MERGED"), outcome("W19", "NVLEG")]).toMatchObject([
      few,
      { ...few, own_memory: 1 },
    ]);
    const more = { kept_without_handle: 2, taken_objects: 3 };
    expect(["BIND", "nouveau:vm-bind", "xe:mainline"].map((way) => outcome("W19", way))).toMatchObject([
      { ...more, own_memory: 0 },
      { ...more, own_memory: 1 },
      { ...more, own_memory: 1 },
    ]);
    // They come back for the next work, and others go for them.
    expect(outcome("W19", "nouveau:vm-bind")?.["evictions"]).toBeGreaterThan(3);
  });

  it("the last close in the middle of an eviction ends well, but for soft references in VMs that list objects", () => {
    const places = study.cells
      .filter(({ workload }) => workload === "W20")
      .map(({ outcome: o }) => o["places"] ?? 0);
    expect(Math.max(...places)).toBeGreaterThan(1);
    const own = ["xe:mainline", "BIND"].map((way) => outcome("W20", way)?.["findings"]);
    expect(own).toEqual([0, 0]);
    expect(triedOf("W20", "xe:mainline")?.outcome["findings"]).toBeGreaterThan(0);
    expect(triedOf("W20", "BIND")?.outcome["findings"]).toBeGreaterThan(0);
  });

  it("a program's own memory is waited for by the kernel: as long as a job runs, or until a hang is taken off", () => {
    expect(outcome("W21", "xe:mainline")).toMatchObject({
      migration_wait_ms_job: PARAMS.jobMs / 2,
      migration_wait_ms_hang: 5000 - PARAMS.jobMs / 2,
      rebinds_job: 1,
      unmapped_running_job: 0,
    });
    expect(study.cells.filter(({ workload }) => workload === "W21")).toHaveLength(1);
  });

  it("what was taken from under a job is a figure, and what the model cannot do says why", () => {
    // Both note what their jobs use, so what is taken from under one is counted.
    expect(outcome("W17", "powervr:mainline")).toHaveProperty("unmapped_running", 0);
    expect(outcome("W17", "NVLEG")).toHaveProperty("unmapped_running");
    const why = (way: string) => study.skipped.find((s) => s.workload === "W16" && s.way === way)?.reason;
    expect([why("NVLEG"), why("powervr:mainline")]).toEqual([
      expect.stringContaining("nouveau_channel_killed"),
      expect.stringContaining("pvr_queue_timedout_job"),
    ]);
  });
});

describe("the experiment behind a cell", () => {
  const merged = subjectNamed("msm:mainline");

  it("comes to the same as the cell, whoever watches, and shows what was done", () => {
    const few = { ...PARAMS, flips: 4, jobs: 3 };
    const subjects = studySubjects();
    const plain = runStudyOn(subjects, [], few);
    for (const cell of [...plain.cells, ...plain.skipped]) {
      const subject = subjectNamed(`${cell.policy}:${cell.variant}`);
      const watched = experimentOf(cell.workload, subject, few, () => null);
      expect(watched.cell).toEqual(cell);
      expect(watched.steps.length > 0, `${cell.workload} ${cell.way} shows what it did`).toBe(
        "outcome" in cell,
      );
    }
  });

  it("says who waits, and for how long", () => {
    const { steps } = experimentOf("W1", merged, PARAMS, () => null);
    expect(steps.filter(({ waited_ms }) => waited_ms > 0).map(({ what }) => what.slice(0, 18))).toContain(
      "closes its handle ",
    );
    expect(Math.max(...steps.map(({ waited_ms }) => waited_ms))).toBe(PARAMS.jobMs);
    const naive = experimentOf("W1", subjectNamed("msm:hard-naive"), PARAMS, (stage) => stage.left().bos);
    expect(naive.steps.every(({ waited_ms }) => waited_ms === 0)).toBe(true);
    expect(naive.steps.at(-1)?.seen).toBeGreaterThanOrEqual(2 * PARAMS.jobs);
  });

  it("has each order of a race, and each run that is held against another", () => {
    const titles = (workload: string, name: string) => [
      ...new Set(experimentOf(workload, subjectNamed(name), PARAMS, () => null).steps.map((s) => s.title)),
    ];
    expect(titles("W10", "msm:mainline").map((title) => title.slice(-7))).toEqual([
      "L W U P",
      "L W P U",
      "L P W U",
      "W U L P",
    ]);
    expect(titles("W8", "powervr:6.11")).toEqual(["with one buffer exported", "without an export"]);
    expect(titles("W11", "msm:vm-bind")).toEqual(["private buffers", "shared buffers"]);
    expect(titles("W2", "msm:mainline")).toEqual([""]);
  });
});

describe("W10", () => {
  const merged = subjectNamed("msm:mainline");
  const end = (order: Parameters<typeof runSchedule>[1], ...repairs: string[]) => {
    const { leaked_bos, gpu_faults, wait_ms, answer } = runSchedule(merged, order, 10, new Set(repairs));
    return { leaked_bos, gpu_faults, waits: wait_ms > 0, refused: answer !== 0 };
  };
  const WELL = { leaked_bos: 0, gpu_faults: 0, waits: false, refused: false };

  it("each order ends as the fact sheet says", () => {
    expect(end("W U L P")).toEqual({ ...WELL, refused: true });
    expect(end("L W U P")).toEqual({ ...WELL, leaked_bos: 1 });
    expect(end("L W P U")).toEqual({ ...WELL, gpu_faults: 1 });
    expect(end("L P W U")).toEqual({ ...WELL, waits: true });
  });

  it("a walk at VM close mends the first, a repeated wait the second, to ask again both", () => {
    expect(end("L W U P", "close-walks-vm")).toEqual(WELL);
    expect(end("L W P U", "close-walks-vm")).toEqual({ ...WELL, gpu_faults: 1 });
    expect(end("L W U P", "wait-again")).toEqual({ ...WELL, leaked_bos: 1 });
    expect(end("L W P U", "wait-again")).toEqual({ ...WELL, waits: true });
    expect(end("L W U P", "ask-again")).toEqual({ ...WELL, refused: true });
    expect(end("L W P U", "ask-again")).toEqual({ ...WELL, refused: true });
  });
});

describe("claims and costs", () => {
  const claim: Claim = {
    workload: "W1",
    ways: ["OWN"],
    expect: { a: 1, b: "jobs", c: { atLeast: 3 }, d: { atMost: "a" } },
    says: "",
    basis: ["derived"],
  };

  it("a figure that is not as claimed is found", () => {
    expect(missesOf(claim, { a: 1, b: 21, c: 3, d: 1 }, PARAMS)).toEqual([]);
    expect(missesOf(claim, { a: 0, b: 20, c: 2, d: 1 }, PARAMS).map(({ figure }) => figure)).toEqual([
      "a",
      "b",
      "c",
      "d",
    ]);
    expect(missesOf(claim, { a: 1, b: 21, c: 3 }, PARAMS)).toHaveLength(1);
  });

  it("the quoted unmap is 24 to 36 % of a frame at 60 Hz", () => {
    const unmap = THREAD_COSTS.filter(({ what }) => what === "unmap");
    const flip = modelledFlip({ flips: 10, scanout_maps: 10, scanout_unmaps: 10 }, unmap, 60);
    expect([flip?.low, flip?.high].map((share) => share?.toFixed(2))).toEqual(["0.24", "0.36"]);
  });

  it("a table of costs that is none is refused, with its place", () => {
    const table = (low: number, high: number) =>
      JSON.stringify([{ what: "unmap", low_ms: low, high_ms: high, source: "me" }]);
    expect(() => parseCosts(table(2, 1), "mine.json")).toThrow(UsageError);
    expect(() => parseCosts(table(2, 1), "mine.json")).toThrow(/mine.json: entry 1/);
    expect(() => parseCosts("[", "mine.json")).toThrow(UsageError);
    expect(parseCosts(table(1, 2), "mine.json")).toHaveLength(1);
  });
});
