import { BUGS } from "@gpuvm/scenarios";
import { commitLink } from "./commit.ts";

/** A bug of the catalogue, for a list. */
export interface ListedBug {
  readonly id: string;
  readonly driver: string;
  readonly title: string;
  readonly upstream: string;
  /** Where its fix can be read; null: its description names no commit. */
  readonly link: string | null;
}

declare const data: readonly ListedBug[];

export { data };

/** Made while the site is built: the list is there without script, and is found by a search engine. */
export default {
  load(): readonly ListedBug[] {
    return BUGS.map(({ id, driver, title, upstream }) => ({
      id,
      driver: driver.name,
      title,
      upstream,
      link: commitLink(upstream),
    }));
  },
};
