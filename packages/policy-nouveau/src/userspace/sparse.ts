/** A part of a range that lies in one sparse region, or in none. */
export interface Piece {
  /** Where. */
  readonly at: { readonly va: number; readonly length: number };
  /** In a region. */
  readonly sparse: boolean;
  /** It is all of its region. */
  readonly whole: boolean;
}

/** The sparse regions of one VM as a user-mode driver remembers them. Ascending. */
export class Sparse {
  readonly #list: { va: number; length: number }[] = [];

  /** A region was made; it must not overlap another. */
  add(va: number, length: number): void {
    const at = this.#list.findIndex((region) => region.va > va);
    this.#list.splice(at < 0 ? this.#list.length : at, 0, { va, length });
  }

  /** A region went. */
  remove(va: number, length: number): void {
    const at = this.#list.findIndex((region) => region.va === va && region.length === length);
    if (at >= 0) this.#list.splice(at, 1);
  }

  /** Cuts a range at the regions' ends. */
  pieces(va: number, length: number): Piece[] {
    const end = va + length;
    if (this.#list.length === 0) return [{ at: { va, length }, sparse: false, whole: false }];
    const out: Piece[] = [];
    let from = va;
    for (const region of this.#list) {
      const to = region.va + region.length;
      if (to <= from) continue;
      if (region.va >= end) break;
      if (region.va > from) {
        out.push({ at: { va: from, length: region.va - from }, sparse: false, whole: false });
        from = region.va;
      }
      const upto = Math.min(to, end);
      const whole = from === region.va && upto === to;
      out.push({ at: { va: from, length: upto - from }, sparse: true, whole });
      from = upto;
    }
    if (from < end) out.push({ at: { va: from, length: end - from }, sparse: false, whole: false });
    return out;
  }
}
