import type { Steps } from "@gpuvm/core";
import { gpuvmBoObtainPrealloc } from "@gpuvm/core";
import { Frame, logging } from "@gpuvm/core/undo";

/** Code that cannot be taken back was to be explored by going back in place. */
export class NotTransformed extends Error {
  constructor(what: string) {
    super(
      `${what} cannot be taken back: states are explored with code that @gpuvm/explorer/transform went over. Run node with ` +
        "--conditions=@gpuvm/explore, and a policy of your own with --import @gpuvm/explorer/register as well; dpor and " +
        "sample take code as it is",
    );
    this.name = "NotTransformed";
  }
}

/** While writes are logged, a call that is no object has locals that nobody can put back. */
export function refuseUntransformed(steps: Steps<unknown>, what: string): void {
  if (logging() && !((steps as unknown) instanceof Frame)) throw new NotTransformed(what);
}

function* probe(): Steps<void> {}

/** @throws NotTransformed if this engine or the core is the plain one */
export function needInPlace(): void {
  if (!((probe() as unknown) instanceof Frame)) throw new NotTransformed("the explorer's engine");
  if (!((gpuvmBoObtainPrealloc(null as never, "") as unknown) instanceof Frame))
    throw new NotTransformed("@gpuvm/core");
}
