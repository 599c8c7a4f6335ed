import type { DriverSession } from "@gpuvm/conformance";
import { type Counted, DrmGpuvm, DrmGpuvmBo } from "@gpuvm/core";
import type { PvrEvent } from "../device.ts";
import { PvrBo } from "../gem/bo.ts";
import type { PvrJob } from "../queue/job.ts";
import type { PvrContext } from "../queue/pvr-context.ts";
import { end } from "./end.ts";
import { entriesSince, type Snapshot, snapshot } from "./entries.ts";
import { JobViews } from "./jobs.ts";
import { doRequest } from "./requests.ts";
import { tableCounts } from "./tables.ts";
import { boLine, FIRMWARE_VM, type Line, vmLine, vmNumber } from "./vms.ts";
import { World } from "./world.ts";

/** The first number of an object of the firmware's; those before were made with the device. */
const FIRST_FIRMWARE_BO = 1004;
/** What all of them are called where jobs are not looked at. */
const FIRMWARE_BO = -1000;

/** How much the recorder told: of VMs and objects only, or of contexts, jobs and fences, too. */
export type Detail = "vms" | "jobs";

/** One sequence of requests. */
export class Session implements DriverSession {
  readonly detail: Detail;
  readonly world: World;
  readonly views: JobViews;
  readonly freed: string[] = [];
  readonly events: unknown[] = [];
  vmBosDestroyed = 0;
  firmwareBos: number = FIRST_FIRMWARE_BO;
  jobs = 0;

  /** A device with nothing open. */
  constructor(detail: Detail) {
    this.detail = detail;
    this.world = new World(
      (what) => this.#onFree(what),
      (event) => this.#onEvent(event),
    );
    this.views = new JobViews(this.world);
  }

  /** Does what a request asks, and answers. */
  answer(words: readonly string[]): Line {
    const { world } = this;
    const { calls, machine } = world;
    const before = {
      entries: snapshot(world),
      tables: tableCounts(world),
      vmBos: machine.counts.vmBosCreated,
    };
    this.freed.length = 0;
    this.events.length = 0;
    this.vmBosDestroyed = 0;
    this.views.drop();
    machine.settle();
    const over = words[1] === "end" ? end(world, this.views, this.events) : [];
    const ret = words[1] === "end" ? 0 : doRequest(world, words);
    over.push(...calls.goOn());
    const waiting = [...calls.waiting.keys()].sort((a, b) => b - a);
    calls.request++;
    world.check();
    return {
      ret,
      ...(over.length > 0 ? { completed: over } : {}),
      ...(waiting.length > 0 ? { stillBlocked: waiting } : {}),
      freed: [...this.freed],
      ...this.#changes(before),
      ...this.#state(),
    };
  }

  /** Everything that is there now. */
  describe(): readonly string[] {
    return Object.entries(this.#state()).flatMap(([name, lines]) =>
      (lines as Line[]).map((line) => `${name} ${JSON.stringify(line)}`),
    );
  }

  #changes(before: { entries: Snapshot; tables: ReturnType<typeof tableCounts>; vmBos: number }): Line {
    const { world } = this;
    const changes = {
      ...entriesSince(world, before.entries),
      vmBosCreated: world.machine.counts.vmBosCreated - before.vmBos,
      vmBosDestroyed: this.vmBosDestroyed,
    };
    if (this.detail === "vms") return changes;
    const { allocated, freed, live } = tableCounts(world);
    return {
      ...changes,
      tablesAllocated: allocated - before.tables.allocated,
      tablesFreed: freed - before.tables.freed,
      tablesLive: live,
      events: [...this.events],
    };
  }

  #state(): Line {
    const { world, views } = this;
    const vms = [...world.vms.all()];
    const bos = [...world.bos.all()];
    if (this.detail === "vms") {
      return {
        bos: bos.map(([bo, number]) => boLine(world, bo, number)),
        vms: vms.map(([{ vm }, number]) => vmLine(world, vm, number)),
        extra: vms.map(([{ refs }, number]) => ({ vm: number, driverRefs: refs })),
      };
    }
    return {
      bos: bos.map(([bo, number]) => ({ ...boLine(world, bo, number), ...pagesOf(bo) })),
      vms: vms.map(([{ vm, refs }, number]) => ({ ...vmLine(world, vm, number), driverRefs: refs })),
      contexts: views.contexts(),
      liveJobs: views.live(),
      fences: views.fences(),
    };
  }

  #onFree(what: Counted): void {
    const { world, freed } = this;
    const { bos, vms } = world;
    if (what instanceof DrmGpuvmBo) {
      const bo = bos.of(what.obj as PvrBo) ?? FIRMWARE_BO;
      freed.push(`vm_bo(vm${vmNumber(world, what.vm)},bo${bo})`);
      this.vmBosDestroyed++;
    } else if (what instanceof DrmGpuvm) {
      const number = vmNumber(world, what);
      if (number !== FIRMWARE_VM) freed.push(`vm${number}`);
      for (const [ctx] of vms.all()) if (ctx.vm === what) vms.drop(ctx);
    } else if (what instanceof PvrBo && bos.of(what) !== undefined) {
      freed.push(`bo${bos.of(what)}`);
      bos.drop(what);
    }
  }

  #onEvent(event: PvrEvent): void {
    const { world, events, views } = this;
    if (event[0] === "fwobj") {
      if (this.detail === "vms") return;
      world.bos.add(this.firmwareBos, event[1]);
      events.push(["fwobj", this.firmwareBos++, event[2]]);
    } else if (event[0] === "kick") events.push(["kccb", `KICK ${event[1]}`.trim()]);
    else if (event[0] === "cleanup") events.push(["kccb", `CLEANUP ${event[1]}`]);
    else if (event[0] === "context freed") {
      const ctx = event[1] as PvrContext;
      this.freed.push(`ctx${world.contexts.of(ctx)}`);
      world.contexts.drop(ctx);
    } else if (event[0] === "job") world.jobs.add(++this.jobs, event[1] as PvrJob);
    else if (event[0] === "push") views.pushed(event[1] as PvrJob);
    else this.#onJob(event[0], event[1] as PvrJob);
  }

  #onJob(what: "to cccb" | "done" | "job freed", job: PvrJob): void {
    const { world, events, views } = this;
    const name = `job${world.jobs.of(job)}`;
    if (what === "to cccb") events.push(["to_cccb", name, ...views.nameOf(job).split(" ")]);
    else if (what === "done") events.push(["gpu", "done", name]);
    else {
      this.freed.push(name);
      world.jobs.drop(job);
    }
  }
}

/** What keeps an object's pages, and the fences in its dma_resv that have not signalled, by usage. */
function pagesOf(bo: PvrBo): Line {
  const fences = [0, 0, 0, 0];
  for (const { usage } of bo.resv.pending()) fences[usage] = (fences[usage] ?? 0) + 1;
  const there = bo.pages === "resident" ? 1 : 0;
  // One use of the pages is the object's own, one the kernel's mapping.
  return { pagesUse: there + bo.pins, pins: bo.pins, vmaps: bo.vmaps, pages: there, sgt: there, fences };
}
