import type { NeutralRequest } from "@gpuvm/drm-model";
import type { Random } from "./random.ts";

/** Something about a workload that the user can set. */
export interface Parameter {
  /** What it is when nobody says otherwise. */
  readonly value: number;
  /** It can't be less. */
  readonly least: number;
  /** It can't be more: what it asks for has to be made somewhere. */
  readonly most: number;
  /** What it means, with its unit. */
  readonly brief: string;
}

/** A generated program, or several: neutral requests, the same for the same parameters and seed. */
export interface Workload<K extends string = string> {
  readonly name: string;
  /** What it does, in a line. */
  readonly brief: string;
  /** The shipped trace whose figures it was modelled on; null: none shows this. */
  readonly imitates: string | null;
  /** How long the GPU is busy with one submit, in microseconds. */
  readonly jobUs: number;
  readonly parameters: Readonly<Record<K, Parameter>>;
  /** What it asks, a piece at a time. */
  requests(parameters: Readonly<Record<K, number>>, random: Random): Generator<readonly NeutralRequest[]>;
}

/** Keeps the names of the parameters, so that reading another one is an error. */
export function workload<K extends string>(w: Workload<K>): Workload<K> {
  return w;
}
