/** Somebody looks. */
export const READ = 1;
/** Somebody changes. */
export const WRITE = 2;
/** Somebody takes a reference: in any order with others who do, it comes to the same. */
export const GET = 4;

/** What is done to a place: {@link READ}, {@link WRITE}, {@link GET}, or several of them. */
export type Access = number;

/** By what is done here: what must not be done there. Looks depend on changes, gets on looks, a change on everything. */
const CONFLICTS: readonly Access[] = [0, WRITE | GET, 7, 7, READ | WRITE, 7, 7, 7];

/** The places that a step looked at or changed. A place is a number: a field of an object, or all that is within one. */
export class Footprint {
  readonly #places = new Map<number, Access>();

  /** Something was done to a place. */
  add(place: number, access: Access): void {
    this.#places.set(place, (this.#places.get(place) ?? 0) | access);
  }

  /** A count that was not 0 went up by one: whether it was 0 is all that was looked at. */
  get(place: number): void {
    const before = this.#places.get(place) ?? 0;
    this.#places.set(place, (before & WRITE) !== 0 ? before | GET : (before & ~READ) | GET);
  }

  /** Adds all of another. */
  join(other: Footprint): void {
    for (const [place, access] of other.#places) this.add(place, access);
  }

  /** Whether this step and another one may come to something else in the other order. */
  conflicts(other: Footprint): boolean {
    const [few, many] = this.#places.size < other.#places.size ? [this, other] : [other, this];
    for (const [place, access] of few.#places) {
      if (((CONFLICTS[access] as number) & (many.#places.get(place) ?? 0)) !== 0) return true;
    }
    return false;
  }
}
