import type { Errno } from "@gpuvm/core";
import {
  type DriverOptions,
  type DriverVariant,
  type Lowerer,
  type MachineOptions,
  type NeutralRequest,
  Replay,
} from "@gpuvm/drm-model";

/** A neutral request without the time, which a {@link Program} fills in. */
export type Ask = NeutralRequest extends infer R
  ? R extends NeutralRequest
    ? Omit<R, "t" | "f"> & { readonly f?: number }
    : never
  : never;

/** Virtual time between two requests: 1 ms. */
const STEP_NS = 1_000_000;

/**
 * A program that speaks to a driver in neutral words, phrased as a well-behaved program of that driver would: the same
 * scenario runs on every policy.
 */
export class Program {
  /** The replay that it drives. */
  readonly replay: Replay;
  readonly #lower: Lowerer;
  #now = 0;

  /** Starts a variant on a new machine; audits and lock checks on unless told otherwise. */
  constructor(variant: DriverVariant, machine: MachineOptions = {}, options: DriverOptions = {}) {
    this.replay = new Replay(variant, { audit: true, lockdep: true, ...machine }, options);
    this.#lower = variant.userspace.lower();
  }

  /** Asks one thing. @returns the first answer that is not 0, or 0 */
  ask(request: Ask): Errno {
    this.#now = Math.max(this.#now, this.replay.machine.now) + STEP_NS;
    let answer: Errno = 0;
    for (const own of this.#lower({ f: 0, ...request, t: this.#now } as NeutralRequest)) {
      const ret = this.replay.request(own);
      if (ret !== 0 && answer === 0) answer = ret;
    }
    return answer;
  }

  /** Asks several things in order. @returns the answers */
  asks(...requests: Ask[]): Errno[] {
    return requests.map((request) => this.ask(request));
  }

  /** Lets time pass, in nanoseconds, with everything that is due. */
  sleep(ns: number): void {
    this.replay.machine.advanceTo(this.replay.machine.now + ns);
  }

  /** The program ends: its files close, all work is done, the driver goes. */
  end(): void {
    this.replay.finish();
  }

  /** What a well-ended run must not show: hazards, what was left, references on the books. */
  get remains(): { hazards: string[]; bos: number; vms: number; vmBos: number; onTheBooks: string[] } {
    const { machine, leftAtDeviceClose: left } = this.replay;
    return {
      hazards: machine.hazards.map((h) => `${h.kind} ${h.object}: ${h.detail}`),
      bos: left?.bos ?? -1,
      vms: left?.vms ?? -1,
      vmBos: left?.vmBos ?? -1,
      onTheBooks: (machine.dev.ledger?.all() ?? []).map((what) => what.name),
    };
  }
}

/** {@link Program.remains} of a run that ended well. */
export const NOTHING: Program["remains"] = { hazards: [], bos: 0, vms: 0, vmBos: 0, onTheBooks: [] };
