import { room } from "./room.ts";

/** The user pressed Ctrl-C, and the command has stopped in an orderly way. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("interrupted");
  }
}

/** npm hands one Ctrl-C on up to three times within 100 ms: only a later one is impatience. */
const SAME_KEYSTROKE_MS = 1000;

/** A program that has nothing left to do waits so long for the rest of the keystroke, which would kill it while it ends. */
const KEYSTROKE_MS = 300;

let installed: AbortSignal | undefined;
let first = 0;

/**
 * The signal of Ctrl-C, for a command that gives the event loop a turn now and then; a second Ctrl-C ends the program at
 * once. Commands that never ask for it are ended by the first one, as any program is.
 */
export function interruptSignal(): AbortSignal {
  if (installed !== undefined) return installed;
  const controller = new AbortController();
  process.on("SIGINT", () => {
    const now = Date.now();
    if (first === 0) first = now;
    else if (now - first > SAME_KEYSTROKE_MS) process.exit(130);
    controller.abort(new Interrupted());
  });
  installed = controller.signal;
  return installed;
}

/**
 * Lets signals and the terminal have their turn.
 *
 * @throws RangeError if memory runs out
 */
export function breathe(): Promise<void> {
  room.check();
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether the user pressed Ctrl-C, and a command took notice. */
export function wasInterrupted(): boolean {
  return installed?.aborted === true;
}

/** After an interruption: resolves when no more signals of the same keystroke are to be expected. */
export async function keystrokeOver(): Promise<void> {
  const left = first + KEYSTROKE_MS - Date.now();
  if (wasInterrupted() && left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}
