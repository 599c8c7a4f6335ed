import { type Deed, type Neutral, other, type Plan } from "../scenario/plan.ts";
import { KINDS, type Kind, type Target } from "./kinds.ts";
import { SETUPS, type Setup } from "./setups.ts";

/** What a driver has, of that which not every driver has. */
export type Has = (what: "prime" | "eviction" | "fdinfo") => boolean;

/** Every pair, or triple, of kinds of call, on shared or distinct things, from every setup. Names are unique, and the same each time. */
export function* generatedPlans(arity: number, has: Has): Generator<Plan> {
  const kinds = KINDS.filter(({ needs }) => needs === undefined || has(needs));
  for (const setup of SETUPS) {
    if (setup.needs !== undefined && !has(setup.needs)) continue;
    for (const picked of combinations(kinds, arity)) {
      if (!possible(picked, setup)) continue;
      for (const targets of targetsOf(picked)) {
        if (setup.files === true && targets.slice(1, 2).some(({ bo, vm }) => bo === 2 || vm === 2)) continue;
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

/** No program closes a file during its own call. */
function possible(picked: readonly Kind[], { files }: Setup): boolean {
  const ending = picked.findIndex(({ ends }) => ends === true);
  if (ending < 0) return true;
  return picked.every((kind, k) => {
    if (k === ending) return true;
    // The second actor of two files is the other process; whoever is of no file may always act.
    return (
      kind.needs === "eviction" || (files === true && (k === 1) !== (ending === 1) && kind.ends !== true)
    );
  });
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
  return list.reduce<T[][]>((all, next) => [...all, ...all.map((some) => [...some, next])], [[]]);
}

function planOf({ name, setup, files }: Setup, picked: readonly Kind[], targets: readonly Target[]): Plan {
  const words = picked.map((kind, k) => {
    const of = kind.of.map((what) => `${what[0]}${(targets[k] as Target)[what]}`).join("");
    return of === "" ? kind.name : `${kind.name}.${of}`;
  });
  const actors = picked.map((kind, k): [string, Deed[]] => {
    const deed = kind.say(targets[k] as Target, k);
    const foreign = files === true && k === 1 && typeof deed === "object";
    return ["abc"[k] as string, [foreign ? other(deed as Neutral) : deed]];
  });
  return {
    name: `${name}:${words.join("+")}`,
    about: `${words.join(" beside ")}, from the setup "${name}"`,
    setup,
    actors: Object.fromEntries(actors),
    faults: "yes",
    ...(picked.some((kind) => kind.async === true) ? { async: true } : {}),
  };
}
