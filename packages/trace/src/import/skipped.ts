/** What a reader does not turn into anything, counted by kind. Nothing is passed over in silence. */

/** Lines of one kind that were passed over. */
export interface PassedOver {
  /** What they are: the name of an event or key, or a few words. */
  readonly what: string;
  /** How many. */
  readonly lines: number;
  /** The first of them, from 1. */
  readonly first: number;
  /**
   * True where the kind is on a list of lines that ask nothing of a driver and tell nothing of its memory. Everything
   * else may matter: what is made of the file is then not the whole of it.
   */
  readonly harmless: boolean;
}

/** Names come from the file: beyond so many they are counted together. */
const KINDS_MAX = 1000;
/** And no longer than this. */
const NAME_MAX = 80;

/** Counts what is passed over. */
export class Skipped extends Map<string, PassedOver> {
  /** A line that nothing is known of. */
  unread(what: string, line: number): void {
    this.#add(what, line, false);
  }

  /** A line that is on a list of harmless ones. */
  harmless(what: string, line: number): void {
    this.#add(what, line, true);
  }

  #add(what: string, line: number, harmless: boolean): void {
    const name = what.length > NAME_MAX ? `${what.slice(0, NAME_MAX)}...` : what;
    // What may matter and what doesn't never share a kind.
    const own = this.get(name)?.harmless === !harmless ? `${name} (${harmless ? "harmless" : "not"})` : name;
    const key =
      this.has(own) || this.size < KINDS_MAX ? own : harmless ? "other harmless lines" : "other lines";
    const known = this.get(key);
    this.set(key, {
      what: key,
      lines: (known?.lines ?? 0) + 1,
      first: known?.first ?? line,
      harmless,
    });
  }
}
