import { type ReferencePolicy, type VmPurpose, withOwnership } from "@gpuvm/core";
import { type RefLoop, refLoopsOf } from "./reference-loop.ts";
import {
  type Breaker,
  best,
  type Certainty,
  exceptionsOf,
  type LoopState,
  onlyHandleClose,
  purposesOf,
  statesOf,
} from "./what-breaks-it.ts";
import { eventName, listed, purposeName } from "./words.ts";

/** Whether a policy can run with an ownership, and why, in one sentence. */
export interface Verdict {
  /** `certain`: it can. `if-asked`: as long as every program cleans up. `never`: it cannot. */
  readonly can: Certainty;
  /** The sentence. */
  readonly sentence: string;
}

/** What the declaration of a policy says of its ownership. */
export function verdictOf(policy: ReferencePolicy): Verdict {
  const link = policy.edges.find(({ from, to }) => from === "vm_bo" && to === "BO");
  if (link === undefined) {
    return {
      can: "certain",
      sentence:
        "has no vm_bo: no VM leads to a BO, so there is nothing to hold softly or hard, and no reference loop; the BO's free takes its mappings away.",
    };
  }
  return link.kind === "counted" ? hard(policy) : soft(policy);
}

/** Every reference loop of a policy with the state of each kind of VM. */
export function loopStates(policy: ReferencePolicy): { readonly loop: RefLoop; readonly state: LoopState }[] {
  return refLoopsOf(policy).flatMap((loop) => statesOf(policy, loop).map((state) => ({ loop, state })));
}

/** The purposes of VMs in which a policy's reference loops are, at worst, this certain to be broken. */
function worst(policy: ReferencePolicy): Map<VmPurpose, LoopState> {
  const out = new Map<VmPurpose, LoopState>();
  const order: readonly Certainty[] = ["never", "if-asked", "certain"];
  for (const { state } of loopStates(policy)) {
    const had = out.get(state.purpose);
    if (had === undefined || order.indexOf(state.certainty) < order.indexOf(had.certainty)) {
      out.set(state.purpose, state);
    }
  }
  for (const purpose of purposesOf(policy)) {
    if (out.has(purpose)) continue;
    const [state] = statesOf(policy, { about: "object", steps: [] }).filter((s) => s.purpose === purpose);
    if (state !== undefined) out.set(purpose, state);
  }
  return out;
}

function hard(policy: ReferencePolicy): Verdict {
  const states = [...worst(policy).values()];
  const never = states.filter(({ certainty }) => certainty === "never");
  if (never.length > 0) {
    const events = [...new Set(never.flatMap((state) => state.events))];
    return {
      can: "never",
      sentence: `cannot hold hard: in ${places(never)}, ${only(events)}; nothing breaks the loop, and what is mapped there stays for ever.`,
    };
  }
  const asked = states.filter(({ certainty }) => certainty === "if-asked");
  if (asked.length > 0) {
    const events = asked.flatMap((state) => state.events);
    const ways = names(events.filter((e) => e.certainty === "if-asked"));
    const circular = events.filter((e) => e.certainty === "never");
    const but = circular.length === 0 ? "nothing else does" : `${only(circular)}`;
    return {
      can: "if-asked",
      sentence: `holds hard without leaking only while every program asks for each mapping's end itself (${listed(ways, "or")}): ${but}.`,
    };
  }
  const how = states.map(({ purpose, events }) => {
    const certain = names(events.filter((e) => e.certainty === "certain"));
    const if_asked = names(events.filter((e) => e.certainty === "if-asked"));
    const early = if_asked.length === 0 ? "" : `${listed(if_asked, "or")}, at the latest by `;
    const after = onlyHandleClose(policy, purpose) ? ", if one comes after the mapping" : "";
    return `in ${purposeName(purpose)} by ${early}${listed(certain, "or")}${after}`;
  });
  return {
    can: "certain",
    sentence: `can hold hard: a mapping is taken away by an event that does not wait for the object, ${listed(how)}.${exceptions(states)}`,
  };
}

/** What stays for ever in VMs where the rest goes. */
function exceptions(states: readonly LoopState[]): string {
  return states
    .flatMap((state) =>
      exceptionsOf(state).map(
        (what) => ` But in ${purposeName(state.purpose)} not ${what}: nothing takes that away, and it leaks.`,
      ),
    )
    .join("");
}

function soft(policy: ReferencePolicy): Verdict {
  const own = policy.edges.find((e) => e.from === "VA" && e.to === "BO" && e.kind === "counted" && !e.some);
  if (own !== undefined) {
    return {
      can: hard(policy).can,
      sentence: `gains nothing by holding soft: each mapping counts its object itself, ${own.span} (${own.source}), whatever the vm_bo does.`,
    };
  }
  const handle = policy.edges.find((e) => e.from === "handle" && e.to === "VA" && e.kind === "counted");
  if (handle !== undefined) {
    return {
      can: "certain",
      sentence: `needs no count from a mapping to its object: the client's handles hold both (${handle.source}), and the mapping goes with the last of them.`,
    };
  }
  const missing = purposesOf(policy).filter((purpose) => {
    return !policy.teardown.some(({ id, vms }) => id === "bo-free" && (vms?.includes(purpose) ?? true));
  });
  if (missing.length > 0) {
    return {
      can: "never",
      sentence: `cannot hold soft: in ${listed(missing.map(purposeName))} nothing takes a mapping away when its object is freed, so page-table entries and list entries lead to what is gone.`,
    };
  }
  const [free] = policy.teardown.filter(({ id }) => id === "bo-free");
  return {
    can: "certain",
    sentence: `can hold soft: the free of the object takes its mappings away in every VM (${free?.source ?? ""}), and nothing in the chain of a mapping keeps the object alive. Asked to hold hard, it ${shortly(hard(withOwnership(policy, "hard")).sentence)}`,
  };
}

function shortly(sentence: string): string {
  return sentence.replace(/^(can|cannot) hold hard: /, "$1: ");
}

function places(states: readonly LoopState[]): string {
  return listed(states.map(({ purpose }) => purposeName(purpose)));
}

function names(events: readonly Breaker[]): string[] {
  return [...new Set(events.map(({ event }) => eventName(event.id)))];
}

function only(events: readonly Breaker[]): string {
  if (events.length === 0) return "nothing takes a mapping away";
  const why = [...new Set(events.map(({ event, because }) => `${eventName(event.id)}, and ${because}`))];
  const verb = best(events) === "never" ? "the only thing that would take a mapping away is" : "there is";
  return `${verb} ${listed(why, "or")}`;
}
