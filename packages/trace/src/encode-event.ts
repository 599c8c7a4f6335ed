/** One {@link Request} to one line. The order of keys is the recorder's, so that its files come out as they went in. */
import type { BindOp, Request } from "@gpuvm/drm-model";
import { syncLists, syncOps } from "./encode-sync.ts";
import { exactDecimal } from "./exact-integer.ts";

function key(name: string, value: number | undefined): string {
  return value === undefined ? "" : `,"${name}":${exactDecimal(value)}`;
}

function flag(name: string, value: boolean | undefined): string {
  return value === undefined ? "" : `,"${name}":${value ? 1 : 0}`;
}

function numbers(values: readonly (number | undefined)[]): string {
  let out = "";
  for (const v of values) if (v !== undefined) out += out === "" ? exactDecimal(v) : `,${exactDecimal(v)}`;
  return `[${out}]`;
}

function list(name: string, values: readonly number[] | undefined): string {
  return values === undefined ? "" : `,"${name}":${numbers(values)}`;
}

function tuples(name: string, values: readonly (readonly (number | undefined)[])[] | undefined): string {
  return values === undefined ? "" : `,"${name}":[${values.map(numbers).join(",")}]`;
}

function bindOp(o: BindOp): string {
  const rest = numbers([o.bo, o.boOffset, o.va, o.length, o.flags, o.pat]);
  return `["${o.kind}",${rest.slice(1)}`;
}

function body(e: Request): string {
  switch (e.op) {
    case "gem_new":
      return (
        key("bo", e.bo) +
        key("size", e.size) +
        key("flags", e.flags) +
        key("domain", e.domain) +
        key("align", e.align) +
        key("tile_mode", e.tileMode) +
        key("tile_flags", e.tileFlags) +
        key("placement", e.placement) +
        key("vm", e.vm) +
        key("cache", e.cache) +
        key("contiguity", e.contiguity)
      );
    case "gem_close":
    case "cpu_map":
    case "get_iova":
    case "prime_export":
      return key("bo", e.bo);
    case "set_iova":
      return key("bo", e.bo) + key("iova", e.iova);
    case "madvise":
      return key("bo", e.bo) + flag("willneed", e.willneed);
    case "cpu_prep":
      return key("bo", e.bo) + key("flags", e.flags) + flag("busy", e.busy);
    case "set_name":
      return `${key("bo", e.bo)},"name":${JSON.stringify(e.name)}`;
    case "prime_import":
      return key("bo", e.bo) + key("size", e.size) + flag("new", e.fresh);
    case "vm_init":
    case "vm_create":
      return (
        key("vm", e.vm) +
        key("flags", e.flags) +
        key("va_range", e.vaRange) +
        key("kva", e.kva) +
        key("ksize", e.ksize)
      );
    case "vm_destroy":
      return key("vm", e.vm);
    case "vm_bind":
      return `${key("vm", e.vm)}${key("queue", e.queue)}${flag("async", e.async)}${key("in", e.in)}${key("out", e.out)}${key("syncs", e.syncs)},"ops":[${e.ops.map(bindOp).join(",")}]${syncLists(e.syncOps)}`;
    case "queue_new":
      return (
        key("queue", e.queue) +
        key("vm", e.vm) +
        key("class", e.class) +
        key("flags", e.flags) +
        key("prio", e.prio) +
        key("queues", e.queues)
      );
    case "queue_close":
      return key("queue", e.queue);
    case "channel_new":
      return (
        key("channel", e.channel) +
        key("vm", e.vm) +
        key("class", e.class) +
        key("flags", e.flags) +
        key("prio", e.prio) +
        key("notifier_bo", e.notifierBo)
      );
    case "submit":
      return (
        `,"bos":${e.bos === null ? "null" : numbers(e.bos)}${list("w", e.writes)}` +
        list("vram", e.vram) +
        key("vm", e.vm) +
        key("queue", e.queue) +
        key("fence", e.fence) +
        key("flags", e.flags) +
        key("cmds", e.cmds) +
        key("in", e.in) +
        key("out", e.out) +
        tuples("ib", e.ib) +
        key("relocs", e.relocs) +
        key("channel", e.channel) +
        flag("work", e.work) +
        syncOps(e.syncOps)
      );
    case "exec":
      return (
        key("queue", e.queue) +
        key("channel", e.channel) +
        key("in", e.in) +
        key("out", e.out) +
        tuples("push", e.push) +
        tuples("jobs", e.jobs) +
        key("syncs", e.syncs) +
        key("batches", e.batches) +
        key("addr", e.addr) +
        syncLists(e.syncOps)
      );
    case "wait_fence":
      return key("fence", e.fence) + key("queue", e.queue);
    case "heap_create":
      return (
        key("vm", e.vm) + key("id", e.id) + key("chunk", e.chunk) + key("init", e.init) + key("max", e.max)
      );
    case "heap_destroy":
      return key("vm", e.vm) + key("id", e.id);
    case "free_list_create":
      return (
        key("id", e.id) +
        key("va", e.va) +
        key("init_pages", e.initPages) +
        key("max_pages", e.maxPages) +
        key("grow_pages", e.growPages)
      );
    case "hwrt_create":
      return key("id", e.id) + key("w", e.width) + key("h", e.height);
    case "syncobj_create":
      return key("syncobj", e.syncobj) + flag("signaled", e.signaled);
    case "syncobj_destroy":
      return key("syncobj", e.syncobj);
    case "syncobj_reset":
      return list("syncobjs", e.syncobjs);
    case "syncobj_signal":
      return list("syncobjs", e.syncobjs) + list("points", e.points);
    case "syncobj_wait":
      return list("syncobjs", e.syncobjs) + list("points", e.points) + key("flags", e.flags);
    case "syncobj_transfer":
      return (
        key("src", e.src) +
        key("src_point", e.srcPoint) +
        key("dst", e.dst) +
        key("dst_point", e.dstPoint) +
        key("flags", e.flags)
      );
    case "syncobj_export":
    case "syncobj_import":
      return (
        key("syncobj", e.syncobj) + key("fd", e.fd) + flag("sync_file", e.syncFile) + key("point", e.point)
      );
    case "end":
      return `,"why":${JSON.stringify(e.why)}`;
    case "enable_vm_bind":
    case "close":
      return "";
  }
}

/**
 * One line, without the newline.
 *
 * @param withFile - Write `f`. The recorder does so when the program used more than one DRM file.
 */
export function encodeEvent(e: Request, withFile: boolean): string {
  return `{"t":${exactDecimal(e.t)},"op":"${e.op}"${withFile ? `,"f":${e.f}` : ""}${body(e)}}`;
}
