import { finish, GpuvmError, Lock, PAGE, type Steps } from "@gpuvm/core";
import {
  type Driver,
  type DriverOptions,
  type DrmFile,
  type Machine,
  systemCall,
  Work,
} from "@gpuvm/drm-model";
import type { MsmBo } from "../gem/bo.ts";
import { msmPostclose } from "../gem/close.ts";
import { msmGemFreeObject } from "../gem/free.ts";
import { DEVICE, kernelNew, kernelPut } from "../gem/kernel-bo.ts";
import { Lru } from "../gem/lru.ts";
import { gemFault, gemMmap } from "../gem/mmap.ts";
import { msmPrime } from "../gem/prime.ts";
import { msmGemShrinkerScan } from "../gem/shrinker.ts";
import { smmuFault } from "../gpu/crashstate.ts";
import { type GpuWork, MsmGpu } from "../gpu/gpu.ts";
import { recover } from "../gpu/recover.ts";
import { retireSubmits } from "../gpu/retire.ts";
import { vmBoValidate } from "../gpu/submit-vm-bind.ts";
import { historyOf } from "../history/defects.ts";
import { msmScanout } from "../kms/scanout.ts";
import { SplitScanout } from "../kms/split-scanout.ts";
import { MsmIommu } from "../mmu/iommu.ts";
import { policyOf } from "../policy/policy.ts";
import type { MsmRules } from "../policy/rules.ts";
import type { MsmVmBindJob } from "../vma/bind-job.ts";
import { smStepMap, smStepRemap, smStepUnmap } from "../vma/bind-steps.ts";
import { type MsmGemVm, msmGemVmCreate, vmOps } from "../vma/vm.ts";
import { linkedByVmBo, ownedByBo } from "../vma/vma-store.ts";
import type { Msm } from "./device.ts";
import { MsmFile } from "./file.ts";
import { ioctl } from "./ioctl.ts";
import type { MsmLog } from "./log.ts";

/** Bytes of a ring (`MSM_GPU_RINGBUFFER_SZ`). */
const RING_SIZE = 32 * 1024;
/** Bytes of the words that the GPU writes for the kernel (`struct msm_rbmemptrs`), of each ring. */
const MEMPTRS_SIZE = PAGE;

/** How the hardware under a version of the driver is. */
export interface MsmOptions extends DriverOptions {
  /** Rings: 1, or 4 where the GPU can preempt; default 1. */
  readonly rings?: number;
  /** Whether a program can have page tables of its own; default: as the version's rules say. */
  readonly privateVms?: boolean;
  /** Whoever looks on. */
  readonly log?: MsmLog;
}

/** The driver with what only msm offers: for scenarios of its own, and for tests. */
export interface MsmDriver extends Driver {
  /** The address of a handle's object in the file's VM, or null: what GET_IOVA would answer, without making one. */
  iovaOf(file: DrmFile, handle: number): number | null;
  /** The VM of a file, or null. */
  vmOf(file: DrmFile): MsmGemVm | null;
  /** Submits that ran, and those that were written to the ring empty. */
  ringCounts(): { readonly executed: number; readonly emptied: number };
  /** Its state. */
  readonly device: Msm;
}

function makeDevice(machine: Machine, rules: MsmRules, options: MsmOptions): Msm {
  const { dev } = machine;
  const forced = options.boOwnership;
  const log = options.log ?? null;
  const works: Readonly<Record<GpuWork, Work>> = {
    retire: new Work("gpu-worker", () => gpuWork(msm, "retire"), "process", false, true),
    recover: new Work("gpu-worker", () => gpuWork(msm, "recover"), "process", false, true),
  };
  const gpu = new MsmGpu(machine, options.rings ?? 1, log, (work) => machine.queueUrgent(works[work]));
  const msm: Msm = {
    machine,
    dev,
    rules,
    ownership: { managed: forced ?? rules.managed, vmBind: forced ?? "hard" },
    history: historyOf(options.defects ?? new Set(), dev, () => msm),
    repairs: options.repairs ?? new Set(),
    vmOps: vmOps(machine, {
      smStepMap: (op, job) => smStepMap(msm, op, job as MsmVmBindJob),
      smStepRemap: (op, job) => smStepRemap(msm, op, job as MsmVmBindJob),
      smStepUnmap: (op, job) => smStepUnmap(msm, op, job as MsmVmBindJob),
      vmBoValidate: (vmBo) => vmBoValidate(msm, vmBo),
    }),
    gemFuncs: { free: (obj) => msmGemFreeObject(msm, obj as MsmBo) },
    vmas: rules.vmas === "bo" ? ownedByBo : linkedByVmBo,
    lruLock: new Lock("gem_lru_mutex", "gem_lru", dev.lockdep),
    lru: new Lru(),
    log,
    gpu,
    rings: gpu.rings,
    privateVms: options.privateVms ?? rules.privateVms,
    displayForgets: null,
    kmsVm: null,
    gpuVm: null,
  };
  return msm;
}

/** What the GPU's own worker does. */
function gpuWork(msm: Msm, work: GpuWork): Steps<void> {
  msm.gpu.begins(work);
  return work === "retire" ? retireSubmits(msm) : recover(msm);
}

/** A VM of the driver's own: the display's (`msm_kms_init_vm`), the GPU's (`adreno_iommu_create_vm`). */
function kernelVm(msm: Msm, purpose: "kernel" | "scanout"): MsmGemVm {
  const makeMmu = () => new MsmIommu(msm.machine, msm.log);
  const vm = msmGemVmCreate(msm, makeMmu, -1, purpose, true, DEVICE);
  if (vm === null) throw new GpuvmError("BAD_CALL", "msm starts without memory for its VMs");
  return vm;
}

/** What the GPU needs before any program, its firmware left out: `msm_gpu_init`, `msm_ringbuffer_new`. */
function gpuObjects(msm: Msm, vm: MsmGemVm): MsmBo[] {
  const sizes = [msm.rings.length * MEMPTRS_SIZE, ...msm.rings.map(() => RING_SIZE)];
  return sizes.map((size) => finish(kernelNew(msm, size, vm))).filter((bo) => bo !== null);
}

/**
 * Starts one version of the driver (`msm_drm_bind`, `msm_gpu_init`): the display's VM, the GPU's, and in that what the
 * GPU needs.
 */
export function startMsm(machine: Machine, rules: MsmRules, options: MsmOptions = {}): MsmDriver {
  const msm = makeDevice(machine, rules, options);
  const kms = rules.separateKms ? makeDevice(machine, rules, options) : msm;
  kms.kmsVm = kernelVm(kms, "scanout");
  msm.gpuVm = kernelVm(msm, "kernel");
  const split = kms === msm ? null : new SplitScanout(msm, kms);
  const ofPurpose = (vm: "kernel" | "scanout") => (vm === "kernel" ? msm.gpuVm : kms.kmsVm) as MsmGemVm;
  const whose = (vm: "kernel" | "scanout") => (vm === "kernel" ? msm : kms);
  const own = gpuObjects(msm, msm.gpuVm);
  return {
    policy: policyOf(rules, options.boOwnership),
    open: (id) => new MsmFile(msm, id),
    ioctl: (file, request) => systemCall(machine, () => ioctl(msm, file as MsmFile, request)),
    *release(file) {
      yield* systemCall(machine, () => msmPostclose(msm, file as MsmFile));
      if (file.ending !== "close") file.process.gone = true;
    },
    *unload() {
      for (const bo of own.splice(0)) yield* kernelPut(msm, bo, msm.gpuVm as MsmGemVm);
      if (split !== null) yield* split.end();
      const { gpuVm } = msm;
      const { kmsVm } = kms;
      msm.gpuVm = null;
      kms.kmsVm = null;
      gpuVm?.put(DEVICE);
      kmsVm?.put(DEVICE);
    },
    *shrink(bytes) {
      return (yield* msmGemShrinkerScan(msm, Math.ceil(bytes / PAGE), true)).freed * PAGE;
    },
    scanout: split ?? msmScanout(msm),
    cpu: {
      map: (file, handle) => gemMmap(file as MsmFile, handle),
      touch: (mapping) => gemFault(msm, mapping),
    },
    gpu: {
      hang() {
        const { activeRing, hangcheck } = msm.gpu;
        activeRing.engine.hang();
        hangcheck.hung = true;
        if (activeRing.inFlight.length > 0) hangcheck.reset();
      },
      fault: () => machine.queueWork("smmu fault", () => smmuFault(msm)),
    },
    prime: msmPrime(msm),
    kernelBos: {
      create: (size, vm) => kernelNew(whose(vm), size, ofPurpose(vm)),
      put: (bo, vm) => kernelPut(whose(vm), bo as MsmBo, ofPurpose(vm)),
    },
    iovaOf(file, handle) {
      const { ctx, handles } = file as MsmFile;
      const bo = handles.get(handle);
      const va = bo === undefined || ctx.vm === null ? 0 : msm.vmas.peek(bo, ctx.vm);
      return va === 0 ? null : (ctx.vm as MsmGemVm).vas.addr(va);
    },
    vmOf: (file) => (file as MsmFile).ctx.vm,
    ringCounts: () => ({
      executed: msm.rings.reduce((sum, { executed }) => sum + executed, 0),
      emptied: msm.rings.reduce((sum, { emptied }) => sum + emptied, 0),
    }),
    device: msm,
  };
}
