/** A part of the address space that programs may map into (`struct drm_pvr_heap`). */
export interface PvrHeap {
  /** Its name in the uAPI, `DRM_PVR_HEAP_*`. */
  readonly name: string;
  /** First address. */
  readonly base: number;
  /** Bytes. */
  readonly size: number;
}

/** 1 TiB: `PVR_PAGE_TABLE_ADDR_SPACE_SIZE`. */
export const ADDRESS_SPACE: number = 2 ** 40;

const GIB = 2 ** 30;

/** The heaps (`pvr_heaps`), without the one for region headers, which only GPUs with a quirk have. */
export const HEAPS: readonly PvrHeap[] = [
  { name: "GENERAL", base: 0x80_0000_0000, size: 128 * GIB },
  { name: "PDS_CODE_DATA", base: 0xda_0000_0000, size: 4 * GIB },
  { name: "USC_CODE", base: 0xe0_0000_0000, size: 4 * GIB },
  { name: "TRANSFER_FRAG", base: 0xe4_0000_0000, size: 16 * GIB },
  { name: "VIS_TEST", base: 0xf2_0000_0000, size: 2 * 2 ** 20 },
];

/**
 * Where firmware objects are mapped, in the kernel's own VM context: 32 MiB from `ROGUE_FW_HEAP_BASE`, as with META and
 * RISC-V firmware processors (`pvr_fw_heap_info_init`; MIPS has 16 MiB), without the configuration at its end.
 */
export const FW_HEAP: PvrHeap = { name: "FW", base: 0xe1_c000_0000, size: 2 ** 25 - 3 * 2 ** 16 };

/** The heap that has all of `[addr, addr + size)`, or null (`pvr_find_heap_containing`). */
export function heapContaining(addr: number, size: number): PvrHeap | null {
  for (const heap of HEAPS) {
    if (heap.base <= addr && addr + size <= heap.base + heap.size) return heap;
  }
  return null;
}
