import { gemVmBos } from "@gpuvm/core";
import { actorOf, type Choice, failOf, TIME } from "../engine/choice.ts";
import type { World } from "../engine/world.ts";

/** What is noted of schedules. Each is a list of words, sorted, of which none comes twice. */
export interface Covered {
  /** Two calls or workers that stood at two stops at the same time. */
  readonly raced: readonly string[];
  /** Stops, by the kernel function. */
  readonly stops: readonly string[];
  /** What calls answered: the operation, and `done` or the errno. */
  readonly answers: readonly string[];
  /** Steps that can fail and were come to: what is allocated. */
  readonly fallible: readonly string[];
  /** Those of them that were made to fail. */
  readonly failed: readonly string[];
  /** Two classes of locks, the second taken while the first was held. */
  readonly orders: readonly string[];
  /** Classes of locks that somebody had to wait for. */
  readonly contended: readonly string[];
  /** What came onto the core's lists and went off them. */
  readonly lists: readonly string[];
}

/** The lists of the core. */
export const LISTS: readonly string[] = ["extobj", "evict", "zombies", "vm_bos of an object"];

/** What schedules came by. */
export class Coverage {
  readonly #raced = new Set<string>();
  readonly #stops = new Set<string>();
  readonly #answers = new Set<string>();
  readonly #fallible = new Set<string>();
  readonly #failed = new Set<string>();
  readonly #orders = new Set<string>();
  readonly #contended = new Set<string>();
  readonly #lists = new Set<string>();
  /** How long the lists are, by depth of the schedule. */
  readonly #lengths: (readonly number[])[] = [];

  /** A scenario begins. */
  begin(world: World): void {
    world.fallibleNames = [];
    this.#lengths[0] = lengthsOf(world);
  }

  /** A step was taken, the last one of a schedule. */
  step(world: World, schedule: readonly Choice[]): void {
    const at: string[] = [];
    for (const { stop, waits, task } of world.slots) {
      if (stop === "") continue;
      at.push(stop);
      const owner = waits?.lock?.owner ?? null;
      if (owner !== null && owner !== task) this.#contended.add(waits?.lock?.cls as string);
    }
    for (let i = 0; i < at.length; i++) {
      this.#stops.add(at[i] as string);
      for (let j = i + 1; j < at.length; j++) this.#raced.add(pairOf(at[i] as string, at[j] as string));
    }
    for (const [i, results] of world.returned.entries()) {
      for (const [c, result] of results.entries()) {
        const label = world.slots[i]?.actor?.calls[c]?.label.split(" ")[0];
        if (typeof result === "number") this.#answers.add(`${label} ${result < 0 ? result : "done"}`);
      }
    }
    const fail = failOf(schedule.at(-1) as Choice);
    const names = world.fallibleNames ?? [];
    for (const name of names) this.#fallible.add(name);
    if (fail > 0 && fail <= names.length) this.#failed.add(names[fail - 1] as string);
    this.#moved(world, schedule);
  }

  /** A lock was taken while another one was held. */
  order(before: string, after: string): void {
    this.#orders.add(`${before} -> ${after}`);
  }

  /** Adds what another one has seen. */
  join(other: Covered): void {
    const all = this.#sets();
    for (const [what, words] of Object.entries(other) as [keyof Covered, readonly string[]][])
      for (const word of words) all[what]?.add(word);
  }

  /** What was seen so far. */
  covered(): Covered {
    return Object.fromEntries(
      Object.entries(this.#sets()).map(([what, words]) => [what, [...words].sort()]),
    ) as unknown as Covered;
  }

  #moved(world: World, schedule: readonly Choice[]): void {
    const depth = schedule.length;
    const before = this.#lengths[depth - 1] ?? [];
    const after = lengthsOf(world);
    this.#lengths[depth] = after;
    for (const [i, list] of LISTS.entries()) {
      const more = (after[i] as number) - (before[i] ?? 0);
      if (more === 0) continue;
      const actor = actorOf(schedule.at(-1) as Choice);
      const slot = world.slots[actor];
      const call = slot?.actor?.calls[slot.begun - 1]?.label.split(" ")[0];
      const by = actor === TIME ? "time" : (call ?? slot?.name);
      this.#lists.add(`${more > 0 ? "onto" : "off"} ${list}: ${by}`);
    }
  }

  #sets(): Record<keyof Covered, Set<string>> {
    return {
      raced: this.#raced,
      stops: this.#stops,
      answers: this.#answers,
      fallible: this.#fallible,
      failed: this.#failed,
      orders: this.#orders,
      contended: this.#contended,
      lists: this.#lists,
    };
  }
}

/** Two stops as one word, the same for both orders. */
function pairOf(one: string, two: string): string {
  return one < two ? `${one} x ${two}` : `${two} x ${one}`;
}

/** How many are on each of {@link LISTS}, over all VMs and objects. */
function lengthsOf({ machine }: World): number[] {
  let [extobj, evict, zombies, vmBos] = [0, 0, 0, 0];
  for (const { vm, freed } of machine.vms) {
    if (freed) continue;
    extobj += vm.extobj.list.length;
    evict += vm.evict.list.length;
    for (let vmBo = vm.deferred; vmBo !== null; vmBo = vmBo.deferNext) zombies++;
  }
  for (const bo of machine.memory.objects) vmBos += gemVmBos(bo).length;
  return [extobj, evict, zombies, vmBos];
}

/** How much was come by, in words. */
export function reached({
  raced,
  stops,
  answers,
  fallible,
  failed,
  orders,
  contended,
  lists,
}: Covered): string[] {
  const done = answers.filter((answer) => answer.endsWith(" done")).length;
  const pairs = (stops.length * (stops.length + 1)) / 2;
  return [
    `raced: ${raced.length} pairs of ${stops.length} stops, of ${pairs}; calls: ${done} kinds done, ${answers.length - done} kinds of error`,
    `locks: ${orders.length} pairs taken one in the other, ${contended.length} waited for; lists: ${lists.length} moves by calls; fallible steps: ${fallible.length}, made to fail: ${failed.length}`,
  ];
}

/** What the same calls and stops could have come by, and did not: in words, one line each. */
export function neverReached(covered: Covered): string[] {
  const { raced, stops, answers, fallible, failed, orders, contended, lists } = covered;
  const out: string[] = [];
  const met = new Set(raced);
  for (const stop of stops) {
    const not = stops.filter((other) => !met.has(pairOf(stop, other)));
    if (not.length === stops.length) out.push(`never raced with anything: ${stop}`);
    else if (not.length > 0) out.push(`never raced with ${stop}: ${not.join(", ")}`);
  }
  const calls = [...new Set(answers.map((answer) => answer.slice(0, answer.lastIndexOf(" "))))];
  const has = (call: string, done: boolean) =>
    answers.some((a) => a.startsWith(`${call} `) && a.endsWith(" done") === done);
  for (const call of calls) if (!has(call, true)) out.push(`never done: ${call}`);
  for (const call of calls) if (!has(call, false)) out.push(`never refused: ${call}`);
  if (failed.length > 0)
    for (const step of fallible) if (!failed.includes(step)) out.push(`never made to fail: ${step}`);
  const classes = [...new Set(orders.flatMap((order) => order.split(" -> ")))].sort();
  for (const cls of classes) if (!contended.includes(cls)) out.push(`never waited for: ${cls}`);
  for (const list of LISTS) {
    for (const way of ["onto", "off"])
      if (!lists.some((move) => move.startsWith(`${way} ${list}: `)))
        out.push(`nothing goes ${way} the list: ${list}`);
  }
  return out;
}
