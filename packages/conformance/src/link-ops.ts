import {
  type DrmExec,
  type DrmGemObject,
  type DrmGpuvmBo,
  type Errno,
  finish,
  gemVmBos,
  gpuvaAlloc,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaObj,
  gpuvaOpsFree,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvaUnlinkDefer,
  gpuvmBoCreate,
  gpuvmBoDeferredCleanup,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoGemEvict,
  gpuvmBoGet,
  gpuvmBoObtain,
  gpuvmBoObtainPrealloc,
  gpuvmBoPut,
  gpuvmBoPutDeferred,
  gpuvmBoUnmapOpsCreate,
  gpuvmPrepareObjects,
  gpuvmPrepareVm,
  gpuvmValidate,
  type Lock,
} from "@gpuvm/core";
import { CREATOR, type LinkSession } from "./link-session.ts";
import { bool, int, type Request, u64 } from "./request.ts";
import type { Answer, Op } from "./session.ts";
import { vmSpace } from "./vm-ops.ts";

const SPACE = ["start", "range", "kstart", "krange"] as const;

const vmOf = (s: LinkSession, r: Request) => s.vm(int(r, "vm", 0, 1));
const objOf = (s: LinkSession, r: Request) => s.obj(int(r, "obj", 1));
const boOf = (s: LinkSession, r: Request) => s.vmBo(int(r, "bo", 1));
const vaOf = (s: LinkSession, r: Request) => s.va(int(r, "va", 1));
const NOTHING: Answer = {};

/** Runs `fn` under the lock of the object's list of links. */
function withList<T>(s: LinkSession, vmBo: DrmGpuvmBo, fn: () => T): T {
  return s.withObj(vmBo.obj, [s.listLock(vmBo.vm, vmBo.obj)], fn);
}

function prepare(s: LinkSession, r: Request): Answer {
  const vm = vmOf(s, r);
  const exec = s.exec(int(r, "flags", 0, 3));
  let ret: Errno = 0;
  let objs: DrmGemObject[] = [];
  while (exec.untilAllLocked()) {
    ret = finish(gpuvmPrepareVm(vm, exec, 1));
    if (ret === 0) ret = finish(gpuvmPrepareObjects(vm, exec, 1));
    objs = exec.objects.filter((obj) => obj !== vm.rObj);
    if (exec.contended === null && ret !== 0) break;
  }
  exec.fini();
  return { ret, objs: objs.map((obj) => s.objNumber(obj)) };
}

function validate(s: LinkSession, r: Request): Answer {
  const vm = vmOf(s, r);
  const calls: number[] = [];
  s.validation = { mode: int(r, "mode", 0, 2), fail: int(r, "fail", -1), calls };
  const exec: DrmExec = s.exec(2);
  const ret = s.withAllResvs(vm, () => finish(gpuvmValidate(vm, exec)));
  s.validation = null;
  return { ret, calls };
}

function vaInsert(s: LinkSession, r: Request): Answer {
  const vm = vmOf(s, r);
  const number = int(r, "obj", 0);
  const va = gpuvaAlloc(vm);
  gpuvaInit(vm, va, u64(r, "addr"), u64(r, "range"), number === 0 ? null : s.obj(number), u64(r, "off"));
  const ret = gpuvaInsert(vm, va);
  if (ret === 0) s.addVa(int(r, "va", 1), vm, va);
  else gpuvaFree(vm, va);
  return { ret };
}

function vaUnlink(s: LinkSession, r: Request): Answer {
  const { vm, va } = vaOf(s, r);
  const obj = gpuvaObj(vm, va);
  if (obj === null) gpuvaUnlink(vm, va);
  else s.withObj(obj, s.destroyLocks(vm, obj), () => gpuvaUnlink(vm, va));
  return NOTHING;
}

function gemEvict(s: LinkSession, r: Request): Answer {
  const obj = objOf(s, r);
  const lists = gemVmBos(obj)
    .toArray()
    .map(({ vm }) => s.listLock(vm, obj));
  const evict = bool(r, "evict");
  const locks: Lock[] = [obj.resv, ...lists];
  s.withObj(obj, locks, () => gpuvmBoGemEvict(obj, evict));
  return NOTHING;
}

/** Every line of the files about links, but `reset`. The answers lack what every line has: freed and state. */
export const LINK_OPS: Readonly<Record<string, Op<LinkSession>>> = {
  vm: {
    request: ["vm", ...SPACE, "flags"],
    run: (s, r) => {
      s.addVm(int(r, "vm", 0, 1), vmSpace(r), int(r, "flags", 0, 3));
      return NOTHING;
    },
  },
  obj: {
    request: ["obj", "resv"],
    run: (s, r) => {
      s.addObj(int(r, "obj", 1), int(r, "resv", -1, 1));
      return NOTHING;
    },
  },
  vm_get: {
    request: ["vm"],
    run: (s, r) => {
      vmOf(s, r).get(CREATOR);
      return NOTHING;
    },
  },
  vm_put: {
    request: ["vm"],
    run: (s, r) => {
      vmOf(s, r).put(CREATOR);
      return NOTHING;
    },
  },
  obj_get: {
    request: ["obj"],
    run: (s, r) => {
      objOf(s, r).get(CREATOR);
      return NOTHING;
    },
  },
  obj_put: {
    request: ["obj"],
    run: (s, r) => {
      objOf(s, r).put(CREATOR);
      return NOTHING;
    },
  },
  bo_obtain: {
    request: ["vm", "obj"],
    run: (s, r) => {
      const vm = vmOf(s, r);
      const obj = objOf(s, r);
      const vmBo = s.withObj(obj, [s.listLock(vm, obj)], () => gpuvmBoObtain(vm, obj, CREATOR));
      return { bo: s.bo(vmBo as DrmGpuvmBo) };
    },
  },
  bo_create: {
    request: ["vm", "obj"],
    run: (s, r) => ({ bo: s.bo(gpuvmBoCreate(vmOf(s, r), objOf(s, r), CREATOR) as DrmGpuvmBo) }),
  },
  bo_prealloc: {
    request: ["bo"],
    run: (s, r) => ({ res: s.bo(finish(gpuvmBoObtainPrealloc(boOf(s, r), CREATOR))) }),
  },
  bo_find: {
    request: ["vm", "obj"],
    run: (s, r) => {
      const vm = vmOf(s, r);
      const obj = objOf(s, r);
      const vmBo = s.withObj(obj, [s.listLock(vm, obj)], () => gpuvmBoFind(vm, obj, CREATOR));
      return { bo: vmBo === null ? null : s.bo(vmBo) };
    },
  },
  bo_get: {
    request: ["bo"],
    run: (s, r) => {
      gpuvmBoGet(boOf(s, r), CREATOR);
      return NOTHING;
    },
  },
  bo_put: {
    request: ["bo"],
    run: (s, r) => {
      const vmBo = boOf(s, r);
      const { vm, obj } = vmBo;
      return { res: s.withObj(obj, s.destroyLocks(vm, obj), () => gpuvmBoPut(vmBo, CREATOR)) };
    },
  },
  bo_put_deferred: {
    request: ["bo"],
    run: (s, r) => ({ res: finish(gpuvmBoPutDeferred(boOf(s, r), CREATOR)) }),
  },
  cleanup: {
    request: ["vm"],
    run: (s, r) => {
      finish(gpuvmBoDeferredCleanup(vmOf(s, r)));
      return NOTHING;
    },
  },
  extobj_add: {
    request: ["bo"],
    run: (s, r) => {
      const vmBo = boOf(s, r);
      s.withObj(vmBo.obj, [vmBo.vm.resv], () => gpuvmBoExtobjAdd(vmBo));
      return NOTHING;
    },
  },
  evict: {
    request: ["bo", "evict"],
    run: (s, r) => {
      const vmBo = boOf(s, r);
      const evict = bool(r, "evict");
      s.withObj(vmBo.obj, [vmBo.obj.resv], () => gpuvmBoEvict(vmBo, evict));
      return NOTHING;
    },
  },
  gem_evict: { request: ["obj", "evict"], run: gemEvict },
  va_insert: { request: ["va", "vm", "addr", "range", "obj", "off"], run: vaInsert },
  va_link: {
    request: ["va", "bo"],
    run: (s, r) => {
      const { vm, va } = vaOf(s, r);
      const vmBo = boOf(s, r);
      withList(s, vmBo, () => gpuvaLink(vm, va, vmBo));
      return NOTHING;
    },
  },
  va_unlink: { request: ["va"], run: vaUnlink },
  va_unlink_defer: {
    request: ["va"],
    run: (s, r) => {
      const { vm, va } = vaOf(s, r);
      finish(gpuvaUnlinkDefer(vm, va));
      return NOTHING;
    },
  },
  va_remove: {
    request: ["va"],
    run: (s, r) => {
      const { vm, va } = vaOf(s, r);
      gpuvaRemove(vm, va);
      return NOTHING;
    },
  },
  bo_unmap_ops: {
    request: ["bo"],
    run: (s, r) => {
      const vmBo = boOf(s, r);
      const { vm } = vmBo;
      const ops = withList(s, vmBo, () => gpuvmBoUnmapOpsCreate(vmBo));
      if (typeof ops === "number") return { ret: ops };
      const vas = ops.list.map((op) => s.vaNumber(vm, op.unmap.va));
      gpuvaOpsFree(vm, ops);
      return { vas };
    },
  },
  validate: { request: ["vm", "mode", "fail"], run: validate },
  prepare: { request: ["vm", "flags"], run: prepare },
};
