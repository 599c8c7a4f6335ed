import { EINVAL, ENOENT, ENOSYS, EPERM, type Errno, finish, GpuvmError, Lock, type Steps } from "@gpuvm/core";
import type { Driver, DriverOptions, DrmFile, Machine, Request } from "@gpuvm/drm-model";
import type { MsmBo } from "../gem/bo.ts";
import { msmGemClose, msmPostclose } from "../gem/close.ts";
import { msmGemFreeObject } from "../gem/free.ts";
import { gemCpuPrep, gemMadvise, gemNew, getIova, setIova } from "../gem/gem.ts";
import { DEVICE, kernelNew, kernelPut } from "../gem/kernel-bo.ts";
import { Lru } from "../gem/lru.ts";
import { importForeign, msmPrime, primeExport } from "../gem/prime.ts";
import { msmGemShrinkerScan } from "../gem/shrinker.ts";
import { queueClose, queueNew, waitFenceNumber } from "../gpu/queue.ts";
import { Ring } from "../gpu/ring.ts";
import { gemSubmit } from "../gpu/submit.ts";
import { vmBoValidate } from "../gpu/submit-vm-bind.ts";
import { msmScanout } from "../kms/scanout.ts";
import { policyOf } from "../policy/policy.ts";
import type { MsmRules } from "../policy/rules.ts";
import { vmBind } from "../vma/bind.ts";
import type { MsmVmBindJob } from "../vma/bind-job.ts";
import { smStepMap, smStepRemap, smStepUnmap } from "../vma/bind-steps.ts";
import { type MsmGemVm, msmGemVmCreate, vmOps } from "../vma/vm.ts";
import { linkedByVmBo, ownedByBo } from "../vma/vma-store.ts";
import { enableVmBind, MsmFile } from "./context.ts";
import type { Msm } from "./device.ts";
import { MSM_PREP_READ, MSM_PREP_WRITE } from "./uapi.ts";

/** Bytes of the kernel's own objects: the ring (`MSM_GPU_RINGBUFFER_SZ`) and firmware. */
const KERNEL_OBJECTS = [32 * 1024, 1024 * 1024];

/** The driver with what only msm offers: for scenarios of its own, and for tests. */
export interface MsmDriver extends Driver {
  /** The address of a handle's object in the file's VM, or null: what GET_IOVA would answer, without making one. */
  iovaOf(file: DrmFile, handle: number): number | null;
  /** The VM of a file, or null. */
  vmOf(file: DrmFile): MsmGemVm | null;
  /** Submits that ran, and those that were written to the ring empty. */
  ringCounts(): { readonly executed: number; readonly emptied: number };
}

function makeDevice(machine: Machine, rules: MsmRules, options: DriverOptions): Msm {
  const { dev } = machine;
  const forced = options.boOwnership;
  const msm: Msm = {
    machine,
    dev,
    rules,
    ownership: { managed: forced ?? rules.managed, vmBind: forced ?? "hard" },
    defects: options.defects ?? new Set(),
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
    ring: new Ring(machine),
    kmsVm: null,
    gpuVm: null,
  };
  return msm;
}

/**
 * Starts one version of the driver (`msm_drm_bind`, `msm_gpu_init`): the display's VM, the GPU's, and in that the
 * pinned ring and firmware.
 */
export function startMsm(machine: Machine, rules: MsmRules, options: DriverOptions = {}): MsmDriver {
  const msm = makeDevice(machine, rules, options);
  const kernelVm = (purpose: "kernel" | "scanout"): MsmGemVm => {
    const vm = msmGemVmCreate(msm, -1, purpose, true, DEVICE);
    if (vm === null) throw new GpuvmError("BAD_CALL", "msm starts without memory for its VMs");
    return vm;
  };
  msm.kmsVm = kernelVm("scanout");
  msm.gpuVm = kernelVm("kernel");
  const ofPurpose = (vm: "kernel" | "scanout") => (vm === "kernel" ? msm.gpuVm : msm.kmsVm) as MsmGemVm;
  const own: MsmBo[] = [];
  for (const size of KERNEL_OBJECTS) {
    const bo = finish(kernelNew(msm, size, msm.gpuVm));
    if (bo !== null) own.push(bo);
  }
  return {
    policy: policyOf(rules, options.boOwnership),
    open: (id) => new MsmFile(msm, id),
    ioctl: (file, request) => ioctl(msm, file as MsmFile, request),
    release: (file) => msmPostclose(msm, file as MsmFile),
    *unload() {
      for (const bo of own.splice(0)) yield* kernelPut(msm, bo, msm.gpuVm as MsmGemVm);
      const { gpuVm, kmsVm } = msm;
      msm.gpuVm = null;
      msm.kmsVm = null;
      gpuVm?.put(DEVICE);
      kmsVm?.put(DEVICE);
    },
    shrink: (bytes) => msmGemShrinkerScan(msm, bytes),
    scanout: msmScanout(msm),
    prime: msmPrime(msm),
    kernelBos: {
      create: (size, vm) => kernelNew(msm, size, ofPurpose(vm)),
      put: (bo, vm) => kernelPut(msm, bo as MsmBo, ofPurpose(vm)),
    },
    iovaOf(file, handle) {
      const { ctx, handles } = file as MsmFile;
      const bo = handles.get(handle);
      const va = bo === undefined || ctx.vm === null ? 0 : msm.vmas.peek(bo, ctx.vm);
      return va === 0 ? null : (ctx.vm as MsmGemVm).vas.addr(va);
    },
    vmOf: (file) => (file as MsmFile).ctx.vm,
    ringCounts: () => ({ executed: msm.ring.executed, emptied: msm.ring.emptied }),
  };
}

function ioctl(msm: Msm, file: MsmFile, request: Request): Steps<Errno> {
  const { ctx } = file;
  switch (request.op) {
    case "gem_new":
      return gemNew(msm, file, request);
    case "gem_close":
      return gemClose(msm, file, request.bo);
    case "get_iova":
      return getIova(msm, file, request.bo);
    case "set_iova":
      return setIova(msm, file, request.bo, request.iova);
    case "madvise":
      return gemMadvise(msm, file, request.bo, request.willneed);
    case "cpu_prep":
      return gemCpuPrep(msm, file, request.bo, request.flags ?? MSM_PREP_READ | MSM_PREP_WRITE);
    case "cpu_map":
    case "set_name":
      return answer(file.handles.has(request.bo) ? 0 : -EINVAL);
    case "prime_export":
      return primeExportCall(msm, file, request.bo);
    case "prime_import":
      if (!request.fresh) return answer(file.handles.has(request.bo) ? 0 : -EINVAL);
      return importForeign(msm, file, request.bo, request.size, null);
    case "enable_vm_bind":
      return enableVmBind(msm, ctx);
    case "vm_bind":
      return msm.rules.vmBind ? vmBind(msm, file, request) : answer(-ENOSYS);
    case "queue_new":
      return queueNew(msm, ctx, request);
    case "queue_close":
      return answer(queueClose(ctx, request.queue));
    case "submit":
      return gemSubmit(msm, file, request);
    case "wait_fence":
      return waitFenceNumber(msm, ctx, request.queue ?? 0, request.fence);
    default:
      return answer(-EINVAL);
  }
}

function* answer(ret: Errno): Steps<Errno> {
  return ret;
}

function* gemClose(msm: Msm, file: MsmFile, handle: number): Steps<Errno> {
  const { ctx } = file;
  if (!(yield* file.close(handle, (bo) => msmGemClose(msm, ctx, bo)))) return -EINVAL;
  // What became of the dma-buf of a recorded program is not in its trace: it goes with the handle.
  const dmaBuf = ctx.exports.get(handle);
  ctx.exports.delete(handle);
  dmaBuf?.close();
  return 0;
}

function* primeExportCall(msm: Msm, file: MsmFile, handle: number): Steps<Errno> {
  const bo = file.handles.get(handle);
  if (bo === undefined) return -ENOENT;
  if (file.ctx.exports.has(handle)) return 0;
  const dmaBuf = primeExport(msm, bo);
  if (dmaBuf === null) return -EPERM;
  file.ctx.exports.set(handle, dmaBuf);
  return 0;
}
