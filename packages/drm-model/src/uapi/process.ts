import { UserMemory } from "../memory/user-memory.ts";

/** A program, as the kernel knows who made a call (`struct pid` and the task behind it). */
export class Process {
  /** SIGKILL is pending: waits that signals interrupt end. */
  killed = false;
  /** It has ended, and was waited for: its pid leads nowhere any more. Its files may live on with others. */
  gone = false;
  /** Its memory (`mm_struct`). */
  readonly memory: UserMemory = new UserMemory();
}
