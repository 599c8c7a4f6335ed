import type { Answer } from "../session.ts";

/**
 * How a policy answers what its driver's own code was asked. A policy package offers one at its subpath `./answers`; one
 * written elsewhere can, too.
 */
export interface DriverModel {
  /** First words of the requests that it understands, such as `["nouveau", "nvkm"]`. */
  readonly drivers: readonly string[];
  /**
   * Fields of the answers that the model cannot have, each with the reason: `events`, `bos[].kref`, `extra[].vramFree`.
   * They are left out on both sides, in every answer; everything else is compared.
   */
  readonly leftOut: Readonly<Record<string, string>>;
  /** A machine on which one sequence of requests is answered. `seq` is the sequence's name in the file. */
  begin(seq: string): DriverSession;
}

/** One sequence of requests, from its first to its last. */
export interface DriverSession {
  /**
   * Does what a request asks, and answers with the members that the driver's own code answered with. A member without
   * anything in it (`[]`, `{}`) may be left out.
   *
   * @param request its words: `["xe", "bind", "1", "map", ...]`
   * @throws BadLine for a request that it does not know
   */
  answer(request: readonly string[]): Answer;
  /** The VMs and objects now, a line each: shown before a request that was answered otherwise. */
  describe(): readonly string[];
}
