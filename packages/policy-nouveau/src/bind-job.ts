import type { DmaFence, DrmGpuvmBo, Gpuva, GpuvaOps } from "@gpuvm/core";
import type { NouveauBo } from "./bo.ts";
import type { NouveauCli } from "./cli.ts";
import type { Region } from "./regions.ts";

/** What an operation of a job does (`enum vm_bind_op`). */
export type BindOpKind = "map" | "unmap" | "map_sparse" | "unmap_sparse";

/** Pages of one size. */
export interface Pages {
  readonly shift: number;
  readonly addr: number;
  readonly range: number;
}

/** One operation of a job (`struct bind_job_op`). */
export interface BindJobOp {
  readonly kind: BindOpKind;
  readonly addr: number;
  readonly range: number;
  readonly handle: number;
  readonly offset: number;
  /** Kind of the entries. */
  readonly pteKind: number;
  /** The object to map; counted by the job. */
  bo: NouveauBo | null;
  /** Its link; counted by the job. */
  vmBo: DrmGpuvmBo | null;
  /** The steps; null before, and after a failure. */
  ops: GpuvaOps | null;
  /** The region that goes. */
  region: Region | null;
  /** VAs that the steps made (`struct nouveau_uvma_prealloc`). */
  map: Gpuva;
  prev: Gpuva;
  next: Gpuva;
  /** Page-table references taken for the new mapping. */
  gets: Pages[];
  /** Page-table references that go when the entries have gone. */
  puts: Pages[];
}

/** One bind call on its way (`struct nouveau_uvmm_bind_job`). */
export interface BindJob {
  /** `bind_job#3`, for findings; empty where nobody asks. */
  readonly name: string;
  readonly cli: NouveauCli;
  readonly ops: BindJobOp[];
  /** Null until it is armed. */
  fence: DmaFence | null;
  /** Its cleanup has run (`complete`). */
  complete: boolean;
}

/** A job of a client with no operations yet. */
export function newBindJob(cli: NouveauCli): BindJob {
  const { dev } = cli.machine;
  const name = dev.ledger === null ? "" : `bind_job#${dev.serial()}`;
  return { name, cli, ops: [], fence: null, complete: false };
}
