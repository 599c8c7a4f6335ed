import type { Answer } from "@gpuvm/conformance";
import { inOrder } from "../freed.ts";
import { Tables } from "../tables.ts";
import { Events } from "./events.ts";
import { Fences, statusOf } from "./fences.ts";
import { closeFile, doRequest, signal } from "./requests.ts";
import { boLine, deviceLines, groupLine, vmLine } from "./state.ts";
import { Words } from "./words.ts";
import { type Guess, World } from "./world.ts";

/** Two things are due at one tick of the clock: the next request, and something else. */
export interface Order {
  /** The call came first. */
  readonly begins?: "first";
  /** What was due when the next request began is in this answer. */
  readonly ends?: "late";
}

/** A sequence of requests, as it goes if the recorder's machine was as it is taken to be. */
export class Run {
  readonly world: World;
  readonly fences: Fences;
  readonly events: Events;
  /** With the root of the firmware's VM. */
  readonly tables: Tables;
  #probed = false;

  /** @param begun when the sequence began, in nanoseconds */
  constructor(guess: Guess, begun: number) {
    this.world = new World(guess, begun);
    this.fences = new Fences(this.world);
    this.events = new Events(this.world, this.fences);
    this.tables = new Tables(this.world.panthor, 1);
  }

  /** What is due when a request begins is done, as the answer before has it, before the call, or after it. */
  answer(words: readonly string[], order: Order): Answer {
    const { world, events, fences } = this;
    events.reset();
    world.extra = [];
    fences.drop();
    world.begin(order.begins !== "first");
    if (!this.#probed) events.probed();
    this.#probed = true;
    const ret = words[1] === "end" ? this.#end() : doRequest(world, new Words(words));
    world.after(order.ends === "late");
    return {
      ret,
      ...this.tables.take(events.vmBosFreed),
      events: [...events.events],
      freed: inOrder(events.freed),
      ...(world.extra.length > 0 ? { extra: world.extra } : {}),
      ...this.state(),
    };
  }

  /** Everything that is there now. */
  state(): Record<string, unknown> {
    const { world, fences } = this;
    const vms = [...world.vms.all()].filter(([{ record }]) => !record.freed);
    return {
      bos: [...world.bos.all()].map(([bo, number]) => boLine(world, bo, number)),
      vms: vms.map(([vm, number]) => vmLine(world, vm, number)),
      ...deviceLines(world),
      groups: [...world.groups.all()].map(([group, number]) => groupLine(world, group, number)),
      liveJobs: [...world.jobs.all()].map(([{ refs }, number]) => [number, refs]),
      fences: fences.kept.map(({ n, of, fence }) => ({ n, of, status: statusOf(fence) })),
    };
  }

  /** What is left is closed, and what the recorder kept goes. */
  #end(): number {
    const { world } = this;
    for (const id of world.foreign.keys()) signal(world, id);
    for (const id of [...world.files.keys()]) closeFile(world, id);
    for (const syncobj of world.syncobjs.values()) syncobj.put();
    return 0;
  }
}
