import { ENOMEM, type Errno, type Steps, USAGE_KERNEL } from "@gpuvm/core";
import { lock, unlock, waitFence } from "@gpuvm/drm-model";
import { watchSwitch } from "../channel/recovery.ts";
import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import type { CopyVma, Resource } from "./resource.ts";

/**
 * The GPU copies an object to another place (`nouveau_bo_move_m2mf`). For that both places are mapped in the driver's own
 * VMM; these mappings go with the old memory.
 */
export function* copy(nv: NvDevice, bo: NouveauBo, to: Resource): Steps<Errno> {
  const from = bo.resource as Resource;
  const ret = prepare(nv, bo, from, to);
  if (ret !== 0) return ret;
  const { dev } = nv;
  yield* lock(dev, nv.driver.mutex, "nouveau_bo_move_m2mf");
  // Nobody uses the object any more: there is nothing that the copy would have to wait for.
  const fence = nv.driver.channel.timeline.nextOnGpu();
  from.copied = fence;
  nv.engine.submit({ fence, after: [] });
  watchSwitch(nv);
  nv.tell?.(["copy", bo, from.place, to.place]);
  yield* waitFence(dev, fence, "nouveau_bo_move_m2mf");
  bo.resv.reserve(1);
  bo.resv.addFence(fence, USAGE_KERNEL);
  unlock(dev, nv.driver.mutex);
  return 0;
}

/** `nouveau_bo_move_prep`. */
function prepare(nv: NvDevice, bo: NouveauBo, from: Resource, to: Resource): Errno {
  const { vmm, space } = nv.driver;
  for (const [i, res] of [from, to].entries()) {
    if (!nv.dev.mayAlloc("nvkm_vma")) {
      unprepare(nv, from);
      return -ENOMEM;
    }
    const addr = space.get(bo.size, 2 ** res.page);
    if (addr !== null) from.vma[i as 0 | 1] = { addr, size: bo.size, shift: res.page };
  }
  for (const vma of from.vma) {
    const ret = vma === null ? 0 : vmm.getMap(vma.addr, vma.size, vma.shift, { bo: null, offset: 0 });
    if (ret === 0) continue;
    unprepare(nv, from);
    return ret;
  }
  return 0;
}

/** Takes them away (`nouveau_mem_fini`). */
export function unprepare(nv: NvDevice, res: Resource): void {
  for (const i of [1, 0] as const) {
    const vma = res.vma[i];
    if (vma !== null) drop(nv, vma);
    res.vma[i] = null;
  }
}

function drop(nv: NvDevice, { addr, size, shift }: CopyVma): void {
  const { vmm, space } = nv.driver;
  if (vmm.view.ptes.at(addr) !== null) vmm.unmapPut(addr, size, shift);
  space.put(addr, size);
}
