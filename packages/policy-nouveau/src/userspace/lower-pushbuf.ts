import { type Lowerer, type NeutralRequest, perFile, type Request } from "@gpuvm/drm-model";
import { MAX_BUFFERS } from "../channel/pushbuf.ts";
import { GART, VRAM } from "../gem/domains.ts";
import { MappedBos } from "./mapped-bos.ts";
import { SyncsByBuffers } from "./syncs-by-buffers.ts";

interface File {
  /** Buffers of which the program has a handle. */
  readonly open: Set<number>;
  /** What the program mapped, by VM: what a submit without a list uses. */
  readonly vms: Map<number, MappedBos>;
  readonly syncs: SyncsByBuffers;
}

/**
 * Phrases what a program wants as the OpenGL driver nvc0 would: the kernel maps with each handle, and each submit lists
 * what it uses.
 */
export function lowerToPushbuf(): Lowerer {
  return perFile(
    (): File => ({ open: new Set(), vms: new Map(), syncs: new SyncsByBuffers() }),
    (file, request: NeutralRequest) => {
      const out: Request[] = [];
      lowerOne(file, request, out);
      return out;
    },
  );
}

function lowerOne(file: File, request: NeutralRequest, out: Request[]): void {
  const { t, f } = request;
  switch (request.op) {
    case "gem_new":
      file.open.add(request.bo);
      out.push({ t, f, op: "gem_new", bo: request.bo, size: request.size, domain: VRAM | GART });
      break;
    case "prime_import":
      file.open.add(request.bo);
      out.push(request);
      break;
    case "gem_close":
      file.open.delete(request.bo);
      for (const vm of file.vms.values()) vm.changed = true;
      out.push(request);
      break;
    case "vm_bind": {
      const vm = vmOf(file, request.vm);
      for (const { kind, bo, va, length } of request.ops) vm.set(va, length, kind === "map" ? bo : 0);
      file.syncs.bind(request);
      break;
    }
    case "vm_destroy":
      file.vms.delete(request.vm);
      break;
    case "queue_new":
      out.push({ t, f, op: "channel_new", channel: request.queue });
      break;
    case "submit": {
      const { bos, queue: channel } = request;
      const all = bos === null ? vmOf(file, request.vm).list(file.open) : [...new Set(bos)];
      out.push(...file.syncs.submit(request, bos ?? all, file.open));
      if (!request.work) break;
      for (let at = 0; at === 0 || at < all.length; at += MAX_BUFFERS) {
        const list = all.length <= MAX_BUFFERS ? all : all.slice(at, at + MAX_BUFFERS);
        // Without a list nothing is known of what is written.
        const writes = bos === null || list.length !== bos.length ? list.map((_, i) => i) : request.writes;
        out.push({ t, f, op: "submit", channel, bos: list, writes, cmds: 1 });
      }
      break;
    }
    case "cpu_prep":
      // A question that is answered otherwise here would change what follows.
      if (request.busy === undefined) out.push({ t, f, op: "cpu_prep", bo: request.bo, flags: 0 });
      break;
    case "queue_close":
    case "prime_export":
    case "close":
    case "end":
      out.push(request);
      break;
    default:
      out.push(...file.syncs.call(request, file.open));
      break;
  }
}

function vmOf(file: File, id: number): MappedBos {
  let vm = file.vms.get(id);
  if (vm === undefined) {
    vm = new MappedBos();
    file.vms.set(id, vm);
  }
  return vm;
}
