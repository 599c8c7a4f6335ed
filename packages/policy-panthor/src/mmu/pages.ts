import { ENOMEM, type Errno } from "@gpuvm/core";
import { GIB1, isAligned, KIB4, MIB2, within } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { asDisable } from "./address-space.ts";
import { unlockRegion } from "./region.ts";
import type { PanthorVm } from "./vm.ts";

/*
 * From VA and object to calls of io-pgtable, as `panthor_mmu.c` makes them: true for every Mali with a command stream
 * frontend (v10 on), whose MMU reads ARM_64_LPAE_S1 with 4 KiB and 2 MiB entries.
 */

/** Entry size and number of entries for the next call (`get_pgsize`): to the end of the table that `addr` is in. */
function pageSize(addr: number, size: number): [bytes: number, count: number] {
  const toBlock = isAligned(addr, MIB2) ? 0 : MIB2 - within(addr, MIB2);
  if (toBlock > 0 || size < MIB2) return [KIB4, (toBlock > 0 ? Math.min(toBlock, size) : size) / KIB4];
  return [MIB2, Math.floor(Math.min(GIB1 - within(addr, GIB1), size) / MIB2)];
}

/**
 * Writes the entries of a mapping of an object, from `offset` of it on (`panthor_vm_map_pages`): piece after physically
 * contiguous piece. A call's entries are of one size, which address and place in memory allow.
 *
 * @returns 0, or -ENOMEM: what was written is taken back, and from 7.x on the VM is unusable
 */
export function mapPages(
  panthor: Panthor,
  vm: PanthorVm,
  start: number,
  bo: PanthorBo,
  offset: number,
  size: number,
): Errno {
  if (size === 0) return 0;
  const { machine } = panthor;
  machine.counts.ptMaps++;
  if (!machine.dev.mayAlloc("panthor page-table map")) return failed(panthor, vm, start, 0, -ENOMEM);
  for (let done = 0; done < size; ) {
    const at = offset + done;
    let left = Math.min(bo.contiguousFrom(at), size - done);
    while (left > 0) {
      const iova = start + done;
      // Where the piece lies is not known but for its alignment: it is taken to begin a gigabyte of its own.
      const place = within(offset + done, Math.min(bo.piece, GIB1));
      const [bytes, count] = pageSize(within(iova, GIB1) | place, left);
      panthor.onMmu?.(vm, ["map", `0x${iova.toString(16)}`, bytes, count]);
      const ret = vm.pt.mapPages(iova, bo, offset + done, bytes, count);
      if (ret <= 0) return failed(panthor, vm, start, done, ret === 0 ? -ENOMEM : ret);
      done += ret;
      left -= ret;
    }
  }
  if (!panthor.gen.regionLock) unlockRegion(panthor, vm, "map");
  return 0;
}

function failed(panthor: Panthor, vm: PanthorVm, start: number, mapped: number, ret: Errno): Errno {
  unmapPages(panthor, vm, start, mapped);
  if (panthor.gen.strict) declareUnusable(panthor, vm);
  return ret;
}

/** Maps a dummy object of 2 MiB again and again, each page at its place in every 2 MiB (`panthor_vm_map_sparse`). */
export function mapSparse(
  panthor: Panthor,
  vm: PanthorVm,
  start: number,
  dummy: PanthorBo,
  size: number,
): Errno {
  for (let mapped = 0; mapped < size; ) {
    const at = start + mapped;
    const chunk = Math.min(size - mapped, MIB2 - within(at, MIB2));
    const ret = mapPages(panthor, vm, at, dummy, within(at, MIB2), chunk);
    if (ret !== 0) {
      unmapPages(panthor, vm, start, mapped);
      return ret;
    }
    mapped += chunk;
  }
  return 0;
}

/**
 * Clears the entries of a range (`panthor_vm_unmap_pages`), by the greatest sizes that its address allows, whatever is
 * there: so a table goes where a whole 2 MiB goes.
 */
export function unmapPages(panthor: Panthor, vm: PanthorVm, start: number, size: number): void {
  if (size === 0) return;
  panthor.machine.counts.ptUnmaps++;
  if (vm.opCtx !== null) vm.opCtx.cleared = true;
  for (let done = 0; done < size; ) {
    const iova = start + done;
    const [bytes, count] = pageSize(iova, size - done);
    panthor.onMmu?.(vm, ["unmap", `0x${iova.toString(16)}`, bytes, count]);
    let gone = vm.pt.unmapPages(iova, bytes, count);
    if (gone !== bytes * count) {
      // Tree and tables differ: over the hole, so that what is behind it does not stay.
      while (gone < bytes * count && !vm.pt.maps(iova + gone)) gone += KIB4;
      declareUnusable(panthor, vm);
      if (gone === 0) return;
    }
    done += gone;
  }
  if (!panthor.gen.regionLock) unlockRegion(panthor, vm, "unmap");
}

/** The page tables are not to be trusted: no more maps, and the GPU does not translate by them (`panthor_vm_declare_unusable`). */
export function declareUnusable(panthor: Panthor, vm: PanthorVm): void {
  if (vm.unusable) return;
  vm.unusable = true;
  vm.record.broken = true;
  if (panthor.gen.strict && vm.asId >= 0) asDisable(panthor, vm.asId, false, "unmap");
}
