import { type Deed, type Neutral, other, type Plan } from "../scenario/plan.ts";
import { KINDS, type Kind, type Target } from "./kinds.ts";
import { SETUPS, type Setup } from "./setups.ts";

/** What a driver has, of that which not every driver has. */
export type Has = (what: "prime" | "eviction" | "fdinfo") => boolean;

/**
 * Every pair, or triple, of kinds of call, on shared or distinct things, from every setup. Calls on distinct things are made in
 * the setup alone that links these to each other. Names are unique, and the same each time.
 */
export function* generatedPlans(arity: number, has: Has): Generator<Plan> {
  const kinds = KINDS.filter(({ needs }) => needs === undefined || has(needs));
  for (const setup of SETUPS) {
    if (setup.needs !== undefined && !has(setup.needs)) continue;
    for (const picked of combinations(kinds, arity)) {
      if (!possible(picked, setup)) continue;
      for (const targets of targetsOf(picked)) {
        if (setup.files === true && targets.slice(1, 2).some(({ bo, vm }) => bo === 2 || vm === 2)) continue;
        if (fillsWhatGoes(picked, targets, setup)) continue;
        if (setup.linked !== true && !meet(picked, targets, setup)) continue;
        yield planOf(setup, picked, targets);
      }
    }
  }
}

function* combinations(kinds: readonly Kind[], arity: number, from = 0): Generator<Kind[]> {
  if (arity === 0) yield [];
  else {
    for (let i = from; i < kinds.length; i++)
      for (const rest of combinations(kinds, arity - 1, i)) yield [kinds[i] as Kind, ...rest];
  }
}

/** Whose call it is: with two files the second actor is the other process. */
function fileOf(setup: Setup, k: number): 0 | 1 {
  return setup.files === true && k === 1 ? 1 : 0;
}

/** No program closes a file during its own call; who is of no file may always act. */
function possible(picked: readonly Kind[], setup: Setup): boolean {
  return picked.every((kind, k) => {
    if (kind.ends !== true) return true;
    return picked.every(
      (beside, j) => j === k || beside.needs === "eviction" || fileOf(setup, j) !== fileOf(setup, k),
    );
  });
}

/** A program does not destroy a VM while it puts something into it. */
function fillsWhatGoes(picked: readonly Kind[], targets: readonly Target[], setup: Setup): boolean {
  const inSame = (i: number, j: number) =>
    targets[i]?.vm === targets[j]?.vm && fileOf(setup, i) === fileOf(setup, j);
  return picked.some(
    ({ vm }, i) => vm === "destroys" && picked.some((other, j) => other.vm === "fills" && inSame(i, j)),
  );
}

/** Whether every call has something in common with another one: a thing that both name, or all that there is. */
function meet(picked: readonly Kind[], targets: readonly Target[], setup: Setup): boolean {
  const shares = (i: number, j: number): boolean => {
    const [one, two] = [picked[i] as Kind, picked[j] as Kind];
    if (one.all === true || two.all === true) return true;
    return one.of.some((what) => {
      if (!two.of.includes(what) || (what === "vm" && fileOf(setup, i) !== fileOf(setup, j))) return false;
      return targets[i]?.[what] === targets[j]?.[what];
    });
  };
  return picked.every((_, i) => picked.some((__, j) => i !== j && shares(i, j)));
}

/** The first call is of buffer and VM 1; each of the others of the same, or of its own. */
function* targetsOf(picked: readonly Kind[], k = 0): Generator<Target[]> {
  if (k === picked.length) {
    yield [];
    return;
  }
  const { of } = picked[k] as Kind;
  const own = k === 0 ? [[]] : subsets(of);
  for (const others of own) {
    const target = { bo: others.includes("bo") ? 2 : 1, vm: others.includes("vm") ? 2 : 1 };
    for (const rest of targetsOf(picked, k + 1)) yield [target, ...rest];
  }
}

function subsets<T>(list: readonly T[]): T[][] {
  let all: T[][] = [[]];
  for (const next of list) all = [...all, ...all.map((some) => [...some, next])];
  return all;
}

function planOf(setup: Setup, picked: readonly Kind[], targets: readonly Target[]): Plan {
  const words = picked.map((kind, k) => {
    const of = kind.of.map((what) => `${what[0]}${(targets[k] as Target)[what]}`).join("");
    return of === "" ? kind.name : `${kind.name}.${of}`;
  });
  const actors = picked.map((kind, k): [string, Deed[]] => {
    const deed = kind.say(targets[k] as Target, k);
    return ["abc"[k] as string, [fileOf(setup, k) === 1 ? ofOther(deed) : deed]];
  });
  return {
    name: `${setup.name}:${words.join("+")}`,
    about: `${words.join(" beside ")}, from the setup "${setup.name}"`,
    setup: setup.setup,
    actors: Object.fromEntries(actors),
    ...(picked.some(({ takes }) => takes === true) ? { faults: "yes" } : {}),
    ...(picked.some((kind) => kind.async === true) ? { async: true } : {}),
  };
}

function ofOther(deed: Deed): Deed {
  if (deed === "close file") return "close other file";
  if (deed === "read fdinfo") return "read other fdinfo";
  return typeof deed === "object" ? other(deed as Neutral) : deed;
}
