import { type BoOwnership, errnoName, gemVmBos, type TeardownEvent } from "@gpuvm/core";
import { type Bo, type DriverVariant, leftBehind, type Machine, type VmRecord } from "@gpuvm/drm-model";
import { type Ask, Program } from "@gpuvm/policy-testkit";
import { eventName } from "@gpuvm/reference-graph";
import { allHoldersOf, type HolderGraph, holdersOf, liveVms } from "../holders/snapshot.ts";

/** One step in the life of an object. */
export interface LifeStep {
  /** What happens. */
  readonly title: string;
  /** Virtual time behind it, in milliseconds. */
  readonly at: number;
  /** How long the caller waited, in milliseconds. */
  readonly waited: number;
  /** What the driver answered where that is not 0. */
  readonly refused: string | null;
  /** Who holds whom. */
  readonly graph: HolderGraph;
  /** What there is to say of the object now. */
  readonly says: string;
  /** Whether this is a leak: it is over, and something is left. */
  readonly leaks: boolean;
  /** Hazards that were met so far. */
  readonly hazards: readonly string[];
}

const SIZE = 65_536;
const VA = 0x80_0000_0000;

/** One object, mapped and used once, from its creation to the end of its program and of the device. */
export function lifeOf(variant: DriverVariant, boOwnership: BoOwnership): LifeStep[] {
  const program = new Program(variant, {}, { boOwnership });
  const { replay } = program;
  const { machine, driver } = replay;
  const { policy } = driver;
  const steps: LifeStep[] = [];
  let bo: Bo | null = null;
  const step = (title: string, act: () => number | undefined, over = false): void => {
    const began = machine.now;
    const ret = act() ?? 0;
    bo ??= replay.machine.memory.objects.size === 0 || over ? null : (replay.file(0).handles.get(1) ?? null);
    const left = leftBehind(machine);
    const leaks = over && left.bos + left.vms > 0;
    steps.push({
      title,
      at: machine.now / 1e6,
      waited: title.startsWith("The GPU") ? 0 : Math.max(0, (machine.now - began) / 1e6 - 1),
      refused: ret === 0 ? null : errnoName(ret),
      graph: over ? allHoldersOf(machine) : holdersOf(machine, alive(bo), programVms(machine)),
      says: leaks
        ? leaked(left.bos, left.vms, policy.teardown)
        : says(bo, boOwnership, policy.teardown, over),
      leaks,
      hazards: machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`),
    });
  };
  const ask = (...asks: Ask[]) => program.asks(...asks).find((ret) => ret !== 0);
  step("The program opens the device, makes an address space (VM) and a queue", () =>
    ask({ op: "vm_create", vm: 1 }, { op: "queue_new", vm: 1, queue: 1 }),
  );
  step("It creates a buffer object (BO)", () => ask({ op: "gem_new", bo: 1, size: SIZE }));
  step("It maps the object", () =>
    ask({
      op: "vm_bind",
      vm: 1,
      async: false,
      ops: [{ kind: "map", bo: 1, boOffset: 0, va: VA, length: SIZE, flags: 0 }],
    }),
  );
  step("It submits work that uses the object", () =>
    ask({ op: "submit", vm: 1, queue: 1, bos: [1], writes: [0], work: true }),
  );
  step("It closes its only handle while the work runs", () => ask({ op: "gem_close", bo: 1 }));
  step("The GPU finishes, and what was put off is done", () => quiet(() => machine.quiesce()));
  step("The program exits: its file is closed", () => quiet(() => replay.closeFiles()));
  step("The device goes", () => quiet(() => replay.finish()), true);
  return steps;
}

function alive(bo: Bo | null): Bo[] {
  return bo === null || bo.refs === 0 ? [] : [bo];
}

function programVms(machine: Machine): VmRecord[] {
  return liveVms(machine).filter(({ file }) => file >= 0);
}

/** What answers nothing. */
function quiet(act: () => void): undefined {
  act();
  return undefined;
}

function says(
  bo: Bo | null,
  ownership: BoOwnership,
  events: readonly TeardownEvent[],
  over: boolean,
): string {
  if (over) return "Nothing is left. Every reference was given back.";
  if (bo === null) return "There is no object yet.";
  if (bo.refs === 0) return "The object is gone, and its memory with it.";
  const mapped = gemVmBos(bo)
    .toArray()
    .some(({ vaCount }) => vaCount > 0);
  const handles = bo.handles === 0 ? "No program can name the object any more" : "A handle holds the object";
  if (!mapped)
    return bo.gpuva.length > 0
      ? `${handles}; its link to the VM (vm_bo) is left, and waits to be drained.`
      : `${handles}. It is mapped nowhere.`;
  const how =
    ownership === "hard" ? "its mapping holds it, too" : "its mapping leads to it without holding it";
  return `${handles}; ${how}. What tears that mapping down: ${next(events)}.`;
}

function next(events: readonly TeardownEvent[]): string {
  const able = events.filter(
    ({ causedBy, vms }) => causedBy !== "nobody" && (vms?.includes("program") ?? true),
  );
  return able.length === 0 ? "nothing" : able.map(({ id }) => eventName(id)).join(", ");
}

function leaked(bos: number, vms: number, events: readonly TeardownEvent[]): string {
  const what = [
    bos > 0 ? `${bos} object${bos === 1 ? "" : "s"}` : "",
    vms > 0 ? `${vms} VM${vms === 1 ? "" : "s"}` : "",
  ];
  const never = events.some(({ causedBy }) => causedBy === "nobody");
  const why = never
    ? "the free of the object would take the mapping away, and the object is freed only when the mapping is gone. Nothing breaks that loop."
    : "nothing that was to take these mappings away came.";
  return `A leak: ${what.filter((text) => text !== "").join(" and ")} left for ever: ${why}`;
}
