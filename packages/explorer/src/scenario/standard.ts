import { USAGE_BOOKKEEP } from "@gpuvm/core";
import {
  type Driver,
  type DriverOptions,
  type DriverVariant,
  Machine,
  type NeutralRequest,
  type Request,
} from "@gpuvm/drm-model";
import { generatedPlans } from "../generator/generate.ts";
import {
  BO_BYTES,
  type Deed,
  type Neutral,
  type Other,
  type Plan,
  PROGRAMS_FAULT,
  type Share,
} from "./plan.ts";
import { LARGE_PLANS, PLANS, TRIAL } from "./plans.ts";
import {
  type Actor,
  type Ask,
  ask,
  type Call,
  closeFile,
  readFdinfo,
  type Scenario,
  type ScenarioRun,
  shrink,
} from "./scenario.ts";

/** Names and meanings of the standard scopes. */
export const STANDARD_SCOPES: readonly { readonly name: string; readonly about: string }[] = PLANS.map(
  ({ name, about }) => ({ name, about }),
);

/**
 * The standard scopes, phrased for a variant as a well-behaved user-mode driver of it would. Those that take what the driver
 * does not have are left out.
 */
export function standardScopes(variant: DriverVariant, options: DriverOptions = {}): Scenario[] {
  const known = knownOf(variant, options);
  return PLANS.filter(({ prime }) => prime !== true || known.prime).map(
    (plan) => phrase(plan, variant, options, known).scenario,
  );
}

/** Scopes as {@link standardScopes}, which take minutes each. */
export function largeScopes(variant: DriverVariant, options: DriverOptions = {}): Scenario[] {
  const known = knownOf(variant, options);
  return LARGE_PLANS.map((plan) => phrase(plan, variant, options, known).scenario);
}

/**
 * Scenarios by rule: every pair of calls (`arity` 2) or every triple (3), on shared or on distinct objects, from a few setups; as
 * {@link standardScopes}, in what the variant's user mode speaks. Calls that it does not have are left out, and what comes to the
 * same requests as another one.
 */
export function generatedScopes(variant: DriverVariant, options: DriverOptions, arity: number): Scenario[] {
  const known = knownOf(variant, options);
  const out = new Map<string, Scenario>();
  for (const plan of generatedPlans(arity, (what) => known[what])) {
    const { scenario, said } = phrase(plan, variant, options, known);
    if (scenario.actors.length === arity && !out.has(said)) out.set(said, scenario);
  }
  return [...out.values()];
}

function knownOf(variant: DriverVariant, options: DriverOptions): Known {
  const machine = new Machine();
  const driver = variant.start(machine, options);
  return {
    prime: driver.prime !== undefined,
    eviction: driver.shrink !== undefined,
    fdinfo: driver.fdinfo !== undefined,
    work: works(variant, machine, driver),
  };
}

/** What a driver can do. */
interface Known {
  readonly fdinfo: boolean;
  readonly prime: boolean;
  readonly eviction: boolean;
  readonly work: boolean;
}

/** Whether a submit comes to a job for the GPU. */
function works(variant: DriverVariant, machine: Machine, driver: Driver): boolean {
  const file = driver.open(0);
  const lower = variant.userspace.lower();
  try {
    for (const neutral of TRIAL) {
      for (const request of lower({ ...neutral, t: 0, f: 0 } as NeutralRequest))
        machine.call(driver.ioctl(file, request));
    }
    machine.quiesce();
  } catch {
    // What is broken here is found in the scopes.
    return true;
  }
  return machine.counts.gpuJobs > 0;
}

/** A plan in a driver's own terms; `said`: everything that is asked of the driver in it. */
function phrase(
  plan: Plan,
  variant: DriverVariant,
  options: DriverOptions,
  known: Known,
): { scenario: Scenario; said: string } {
  const lower = variant.userspace.lower();
  const said: unknown[] = [];
  const say = (f: number, neutral: Neutral): Ask[] => {
    const asks = lower({ ...neutral, t: 0, f } as NeutralRequest).map(
      ({ t: _, f: __, ...rest }: Request) => rest as Ask,
    );
    said.push(f, asks);
    return asks;
  };
  const calls = (deed: Deed): Call[] => {
    if (typeof deed === "string") said.push(deed);
    if (deed === "close file") return [closeFile(0)];
    if (deed === "close other file") return [closeFile(1)];
    if (typeof deed === "object" && "begun" in deed)
      return say(0, deed.begun).map((request) => untilBegun(ask(0, request)));
    if (deed === "read fdinfo") return [readFdinfo(0)];
    if (deed === "read other fdinfo") return [readFdinfo(1)];
    if (deed === "shrink") return [shrink(BO_BYTES)];
    if (deed === "shrink all") return [shrink(8 * BO_BYTES)];
    const [file, neutral] = whose(deed as Neutral | Other);
    return say(file, neutral).map((request) => ask(file, request));
  };
  const setup = plan.setup.map((step): ((world: ScenarioRun) => void) => {
    if (step === "shrink" || "share" in step) said.push(step);
    if (step === "shrink") return (world) => void world.machine.call(shrink(BO_BYTES).run(world));
    if ("share" in step) return (world) => share(world, step);
    const [file, neutral] = whose(step);
    const requests = say(file, neutral);
    return (world) => world.must(file, ...requests);
  });
  const actors: Actor[] = Object.entries(plan.actors).map(([name, deeds]) => {
    said.push(name);
    return { name, calls: deeds.flatMap(calls) };
  });
  const witnesses = (plan.sometimes ?? []).filter((what) => known[what]);
  const scenario: Scenario = {
    name: plan.name,
    about: plan.about,
    variant,
    options,
    // Who holds what is told, not searched: without the ledger a run takes half the time.
    machine: { lockdep: true, watch: true },
    setup: (world: ScenarioRun) => {
      world.file(0);
      for (const step of setup) step(world);
    },
    actors: actors.filter((actor) => actor.calls.length > 0),
    ...(witnesses.length === 0
      ? {}
      : {
          sometimes: Object.fromEntries(
            witnesses.map((what) => [WITNESS_OF[what].name, WITNESS_OF[what].seen]),
          ),
        }),
    ...(plan.failures === undefined ? {} : { failures: plan.failures }),
    ...(plan.async ? {} : { settles: true }),
    ...(mayFault(plan, variant) ? { allow: { "gpu-fault": PROGRAMS_FAULT } } : {}),
  };
  return { scenario, said: JSON.stringify(said) };
}

const WITNESS_OF = {
  eviction: {
    name: "memory pressure takes a buffer",
    seen: (w: ScenarioRun) => w.machine.counts.evictions > 0,
  },
  work: { name: "the GPU works", seen: (w: ScenarioRun) => w.machine.counts.gpuJobs > 0 },
};

/** A submit whose program looks until the GPU has begun: from then on timeouts are later than the end of the work. */
function untilBegun(submit: Call): Call {
  return {
    label: submit.label,
    *run(world) {
      const { counts, dev, memory } = world.machine;
      const before = counts.gpuJobs;
      const ret = yield* submit.run(world);
      // Work that was made empty never begins: it is over.
      const idle = () => [...memory.objects].every((bo) => bo.resv.busy(USAGE_BOOKKEEP) === null);
      if (ret === 0 && dev.waitsUntil(() => counts.gpuJobs > before || idle(), "job begins")) yield dev.point;
      return ret;
    },
  };
}

function whose(step: Neutral | Other): readonly [file: number, request: Neutral] {
  return "other" in step ? [1, step.other] : [0, step];
}

/** The second file gets a handle of its own, by a dma-buf that is closed again. */
function share(world: ScenarioRun, { share: id }: Share): void {
  const { prime } = world.driver;
  const dmaBuf = prime?.exportBo(world.file(0), id) ?? null;
  if (prime === undefined || dmaBuf === null) throw new Error(`bo ${id} cannot be shared`);
  const ret = world.machine.call(prime.importBo(world.file(1), dmaBuf, id));
  if (ret !== 0) throw new Error(`the import of bo ${id} answered ${ret}`);
  dmaBuf.close();
}

/** Whether a fault of the GPU is of the program's making. */
function mayFault({ faults }: Plan, { policy }: DriverVariant): boolean {
  if (faults === undefined || faults === "yes") return faults === "yes";
  if (faults === "handle-close") return policy.teardown.some(({ id }) => id === "handle-close");
  return policy.teardown.every(({ id, waitsFor }) => id !== "file-close" || waitsFor === null);
}
