import { written } from "@gpuvm/core/undo";
import type { Content } from "./content.ts";
import { type Info, infoOf } from "./info.ts";

/**
 * Which contents still hold: a write to an object ends its content, and a write that is taken back brings the content back that
 * was before. So of a state only that is read again which the last step wrote to.
 */
export class Cache {
  /** Changes with each write to a captured variable. */
  era = 1;
  #eras = 1;
  readonly #of: object;
  /** How far the log was looked through. */
  #scanned = 0;
  #infos: (Info | null)[] = [];
  #before: (Content<Info> | null | number)[] = [];
  #at: number[] = [];
  #size = 0;
  #news = false;

  /** For the objects of one walk. */
  constructor(of: object) {
    this.#of = of;
  }

  /** Looks through what was written since the last time; whether to objects of the setup that nobody had written to before. */
  scan(to: number): boolean {
    this.#news = false;
    let at = this.#scanned;
    if (to > at) {
      written(at, (target) => {
        if (target === null) this.#newEra(at);
        else this.#end(target as object, at);
        at++;
      });
      this.#scanned = to;
    }
    return this.#news;
  }

  /** An object's content was read. */
  put(info: Info, content: Content<Info>): void {
    this.#note(info, info.content, this.#scanned - 1);
    info.content = content;
  }

  /** What an object holds, if that is known. */
  get(info: Info): Content<Info> | null {
    const { content } = info;
    return content !== null && (content.era === 0 || content.era === this.era) ? content : null;
  }

  /** The log was taken back to here. */
  back(to: number): void {
    if (this.#scanned > to) this.#scanned = to;
    let i = this.#size;
    for (; i > 0 && (this.#at[i - 1] as number) >= to; i--) {
      const info = this.#infos[i - 1] as Info | null;
      const before = this.#before[i - 1];
      if (info === null) this.era = before as number;
      else info.content = before as Content<Info> | null;
      this.#infos[i - 1] = null;
      this.#before[i - 1] = null;
    }
    this.#size = i;
  }

  #newEra(at: number): void {
    this.#note(null, this.era, at);
    this.era = ++this.#eras;
  }

  #end(target: object, at: number): void {
    const found = infoOf(target);
    if (found?.of !== this.#of || found.value !== target) return;
    for (let info: Info | null = found; info !== null; info = info.owner) {
      if (info.ord > 0 && !info.dirty) {
        info.dirty = true;
        this.#news = true;
      }
      if (info.content === null) continue;
      this.#note(info, info.content, at);
      info.content = null;
    }
  }

  #note(info: Info | null, before: Content<Info> | null | number, at: number): void {
    const i = this.#size++;
    this.#infos[i] = info;
    this.#before[i] = before;
    this.#at[i] = at;
  }
}
