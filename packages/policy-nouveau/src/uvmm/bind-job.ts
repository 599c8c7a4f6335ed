import type { DrmGpuvmBo, Gpuva, GpuvaOps, GpuvaSmOp } from "@gpuvm/core";
import type { NouveauCli } from "../cli.ts";
import type { NouveauBo } from "../gem/bo.ts";
import type { BindInFlight } from "../sched/sched-job.ts";
import type { Region } from "./regions.ts";

/** What an operation of a job does (`enum vm_bind_op`). */
export type BindOpKind = "map" | "unmap" | "map_sparse" | "unmap_sparse" | "unknown";

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
  ops: GpuvaOps<GpuvaSmOp> | null;
  /** The region that goes. */
  region: Region | null;
  /** Page size of the mapping that it makes, as a shift; 0: none. */
  shift: number;
  /** VAs that the steps made (`struct nouveau_uvma_prealloc`). */
  map: Gpuva;
  prev: Gpuva;
  next: Gpuva;
}

/** One bind call on its way (`struct nouveau_uvmm_bind_job`). */
export class BindJob implements BindInFlight {
  /** `bind_job#3`, for findings; empty where nobody asks. */
  readonly name: string;
  readonly cli: NouveauCli;
  readonly ops: BindJobOp[] = [];
  /** Its cleanup has run (`complete`). */
  complete = false;

  /** A job of a client with no operations yet. */
  constructor(cli: NouveauCli) {
    const { dev } = cli.machine;
    this.name = dev.ledger === null ? "" : `bind_job#${dev.serial()}`;
    this.cli = cli;
  }

  unmaps(addr: number, range: number): boolean {
    return this.ops.some((op) => op.kind === "unmap" && op.addr < addr + range && addr < op.addr + op.range);
  }
}
