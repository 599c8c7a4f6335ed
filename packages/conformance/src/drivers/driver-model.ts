import type { Answer } from "../session.ts";
import type { LateFields } from "./late.ts";

/**
 * How a policy answers what its driver's own code was asked. A policy package offers one at its subpath `./answers`; one
 * written elsewhere can, too.
 */
export interface DriverModel {
  /** First words of the requests that it understands, such as `["nouveau", "nvkm"]`. */
  readonly drivers: readonly string[];
  /**
   * Fields of the answers that the model cannot have, each with the reason: `events`, `bos[].kref`, `extra[].vramFree`,
   * `events[tlb]` for the events of one kind, `open: ret` only in answers to `open`.
   * They are left out on both sides, in every answer; everything else is compared.
   */
  readonly leftOut: Readonly<Record<string, string>>;
  /**
   * Brings an answer of either side into the form that is compared, after the fields were left out: where what is
   * told twice, or in which order, means nothing. Say in {@link DriverModel.leftOut} what gets lost. Absent: as it is.
   */
  fold?(answer: Answer): Answer;
  /**
   * What the driver's workers change, before a call returns or some time after it. It is compared in answers after which
   * nothing is under way ({@link DriverSession.settled}), events added up until then.
   */
  readonly late?: LateFields;
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
  /** Whether no worker has anything left to do after the last answer; absent: workers are always done. */
  settled?(): boolean;
  /**
   * Fields, as in {@link DriverModel.leftOut}, that nobody can know after the last answer, each with the reason: two threads
   * of the driver raced, and no rule says who was first. `late` is the events that were added up. Absent: none.
   */
  unknown?(): Readonly<Record<string, string>>;
  /**
   * What else the last request may have been answered: when a worker of the kernel's ran is not in a recording. Asked for as
   * long as an answer differs. Null: there is no other. Absent: there never is, and {@link DriverSession.settled} says when
   * what workers did is compared.
   */
  another?(): Answer | null;
  /** The VMs and objects now, a line each: shown before a request that was answered otherwise. */
  describe(): readonly string[];
}
