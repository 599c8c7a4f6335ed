import type { DriverOptions, DriverVariant, NeutralRequest, Request } from "@gpuvm/drm-model";
import { type Actor, type Ask, ask, type Call, closeFile, type Scenario, shrink } from "./scenario.ts";
import type { World } from "./world.ts";

/** A neutral request without its time and file. */
type Neutral = NeutralRequest extends infer R
  ? R extends NeutralRequest
    ? Omit<R, "t" | "f">
    : never
  : never;

/** What one actor does: requests of a file, its end, or memory pressure. */
type Deed = Neutral | "close file" | "shrink";

interface Plan {
  readonly name: string;
  readonly about: string;
  readonly setup: readonly Neutral[];
  readonly actors: Readonly<Record<string, readonly Deed[]>>;
  /** Violations of the program's making: it takes away what the GPU is at work on. */
  readonly allow?: readonly string[];
}

const PAGE = 4096;
const VA = 2 ** 40 - 2 ** 32;

const BO = (bo: number): Neutral => ({ op: "gem_new", bo, size: 4 * PAGE });
const CLOSE = (bo: number): Neutral => ({ op: "gem_close", bo });
const MAP = (bo: number, page: number, pages: number): Neutral => bind("map", bo, page, pages);
const UNMAP = (page: number, pages: number): Neutral => bind("unmap", 0, page, pages);
const SUBMIT = (bos: readonly number[]): Neutral => ({
  op: "submit",
  vm: 1,
  queue: 1,
  bos,
  writes: [],
  work: true,
});
const VM: readonly Neutral[] = [
  { op: "vm_create", vm: 1 },
  { op: "queue_new", queue: 1, vm: 1 },
];

function bind(kind: "map" | "unmap", bo: number, page: number, pages: number): Neutral {
  const op = { kind, bo, boOffset: 0, va: VA + page * PAGE, length: pages * PAGE, flags: 0 } as const;
  return { op: "vm_bind", vm: 1, async: false, ops: [op] };
}

/** The scopes that every policy is explored in, in neutral terms: the orders of bind, submit, close, evict and the end. */
const PLANS: readonly Plan[] = [
  {
    name: "close-vs-submit",
    about: "a handle is closed while another thread submits with the buffer",
    setup: [...VM, BO(1), MAP(1, 0, 2)],
    actors: { submit: [SUBMIT([1])], close: [CLOSE(1)] },
    allow: ["gpu-fault"],
  },
  {
    name: "close-vs-bind",
    about: "a handle is closed while another thread maps and unmaps the buffer",
    setup: [...VM, BO(1)],
    actors: { bind: [MAP(1, 0, 2), UNMAP(0, 2)], close: [CLOSE(1)] },
  },
  {
    name: "overlapping-binds",
    about: "three threads map, cut and unmap the same range",
    setup: [...VM, BO(1), BO(2)],
    actors: { first: [MAP(1, 0, 3)], second: [MAP(2, 1, 1)], third: [UNMAP(0, 3)] },
  },
  {
    name: "shrink-vs-submit",
    about: "memory pressure while a thread submits twice",
    setup: [...VM, BO(1), MAP(1, 0, 2)],
    actors: { submit: [SUBMIT([1]), SUBMIT([1])], shrinker: ["shrink"] },
  },
  {
    name: "shrink-vs-bind",
    about: "memory pressure while a thread maps, submits and closes",
    setup: [...VM, BO(1), BO(2), MAP(2, 4, 1)],
    actors: { program: [MAP(1, 0, 2), SUBMIT([1, 2]), CLOSE(2)], shrinker: ["shrink"] },
    allow: ["gpu-fault"],
  },
  {
    name: "destroy-vs-unmap",
    about: "a VM is destroyed while another thread unmaps a part of a mapping",
    setup: [...VM, BO(1), MAP(1, 0, 2), { op: "queue_close", queue: 1 }],
    actors: { unmap: [UNMAP(0, 1)], destroy: [{ op: "vm_destroy", vm: 1 }] },
  },
  {
    name: "exit",
    about: "a program ends with work under way and everything still mapped",
    setup: [...VM, BO(1), MAP(1, 0, 2)],
    actors: { program: [SUBMIT([1]), "close file"], shrinker: ["shrink"] },
    allow: ["gpu-fault"],
  },
];

/** Names and meanings of the standard scopes. */
export const STANDARD_SCOPES: readonly { readonly name: string; readonly about: string }[] = PLANS.map(
  ({ name, about }) => ({ name, about }),
);

/** The standard scopes, phrased for a variant as a well-behaved user-mode driver of it would. */
export function standardScopes(variant: DriverVariant, options: DriverOptions = {}): Scenario[] {
  return PLANS.map((plan) => phrase(plan, variant, options));
}

function phrase(plan: Plan, variant: DriverVariant, options: DriverOptions): Scenario {
  const lower = variant.userspace.lower();
  const say = (neutral: Neutral): Ask[] => {
    return lower({ ...neutral, t: 0, f: 0 } as NeutralRequest).map(
      ({ t: _, f: __, ...rest }: Request) => rest as Ask,
    );
  };
  const calls = (deed: Deed): Call[] => {
    if (deed === "close file") return [closeFile(0)];
    if (deed === "shrink") return [shrink(4 * PAGE)];
    return say(deed).map((request) => ask(0, request));
  };
  const setup = plan.setup.flatMap(say);
  const actors: Actor[] = Object.entries(plan.actors).map(([name, deeds]) => ({
    name,
    calls: deeds.flatMap(calls),
  }));
  return {
    name: plan.name,
    about: plan.about,
    variant,
    options,
    // Who holds what is told, not searched: without the ledger a run takes half the time.
    machine: { lockdep: true },
    setup: (world: World) => world.must(0, ...setup),
    actors: actors.filter((actor) => actor.calls.length > 0),
    ...(plan.allow === undefined ? {} : { allow: plan.allow }),
  };
}
