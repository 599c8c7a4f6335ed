import type { Slot } from "../engine/slot.ts";
import type { Footprint } from "./footprint.ts";

/** A state at which somebody else should come first. */
export interface Race {
  /** Which: the number of steps before it. */
  readonly at: number;
  /** Anyone of these will do, the first one best; null: nobody knows who, so all. */
  readonly first: readonly number[] | null;
}

/** A step that was taken. */
interface Event {
  readonly actor: number;
  readonly footprint: Footprint;
  /** By step: whether it happens before this one, whatever the order of independent steps. Itself included. */
  readonly after: Uint8Array;
  /** It violates a property. */
  wrong: boolean;
}

/** What the search knows of the states between the steps. */
interface State {
  readonly enabled: readonly number[];
}

/** The steps of one schedule, and which of them must come before which. */
export class Events {
  readonly #events: Event[] = [];
  readonly #depends: (a: Footprint, b: Footprint) => boolean;

  /** None. */
  constructor(depends: (a: Footprint, b: Footprint) => boolean) {
    this.#depends = depends;
  }

  /** Forgets all but the first `n` steps. */
  cut(n: number): void {
    this.#events.length = n;
  }

  /**
   * A step was taken from the last of `states`. The earlier steps that it could have come before, and that it depends
   * on: with each of them the state before it, and who must go on there for this step to come first.
   */
  add(actor: number, footprint: Footprint, waits: Slot["waits"], states: readonly State[]): Race[] {
    const events = this.#events;
    const now = events.length;
    const after = new Uint8Array(now + 1);
    after[now] = 1;
    let mine = now - 1;
    while (mine >= 0 && events[mine]?.actor !== actor) mine--;
    const before = mine < 0 ? null : (events[mine] as Event).after;
    join(after, before);
    const dependent: number[] = [];
    for (let i = now - 1; i >= 0; i--) {
      const event = events[i] as Event;
      if (event.actor === actor || !this.#depends(event.footprint, footprint)) continue;
      // What comes before its last step cannot come behind this one.
      if (before?.[i] !== 1) dependent.push(i);
      join(after, event.after);
    }
    events.push({ actor, footprint, after, wrong: false });
    // A lock, or a condition, can have been free before, and taken and freed since.
    const comesAndGoes = waits !== null && (waits.lock !== null || waits.until !== null);
    const races: Race[] = [];
    for (const i of dependent) {
      const adjacent = !dependent.some((j) => j > i && (events[j] as Event).after[i] === 1);
      const here = mine < i && !(states[i] as State).enabled.includes(actor);
      // It stood where it stands now, and had to wait: who made it wait comes earlier.
      if (here && (!adjacent || (states[i + 1] as State).enabled.includes(actor))) continue;
      if (!adjacent && !comesAndGoes) continue;
      races.push(this.#race(i, states[i] as State));
    }
    return races;
  }

  /** Whether a property was violated. */
  get anyWrong(): boolean {
    return this.#events.some((event) => event.wrong);
  }

  /** Whether the last step comes behind one that violates a property, whatever the order of independent steps. */
  get isBehindWrong(): boolean {
    const last = this.#events.at(-1) as Event;
    return this.#events.some((event, i) => event.wrong && event !== last && last.after[i] === 1);
  }

  /**
   * The last step violates a property. Whether it is the first in some order of independent steps; otherwise it may be
   * no more than what came of another violation.
   */
  isFirstWrong(): boolean {
    const last = this.#events.at(-1) as Event;
    last.wrong = true;
    return !this.isBehindWrong;
  }

  /**
   * Who can go on before step `i` so that the last step comes before it: whoever is first among those that need not
   * come behind `i` (the source sets of Abdulla et al., 2014).
   */
  #race(i: number, { enabled }: State): Race {
    const events = this.#events;
    const others: Event[] = [];
    const first: number[] = [];
    const seen = new Set<number>();
    for (let j = i + 1; j < events.length; j++) {
      const event = events[j] as Event;
      if (event.after[i] === 1 && j < events.length - 1) continue;
      const alone = !others.some((other) => event.after[other.after.length - 1] === 1);
      if (alone && !seen.has(event.actor) && enabled.includes(event.actor)) first.push(event.actor);
      seen.add(event.actor);
      others.push(event);
    }
    return { at: i, first: first.length === 0 ? null : first };
  }
}

function join(into: Uint8Array, other: Uint8Array | null): void {
  if (other === null) return;
  for (let i = 0; i < other.length; i++) into[i] = (into[i] as number) | (other[i] as number);
}
