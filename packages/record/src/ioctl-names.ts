/** The names of ioctls by their number, for those that the recorder makes no event of: include/uapi/drm of Linux 7.3. */

interface Named {
  readonly name: string;
  /** It changes nothing that a trace tells of buffers and mappings. */
  readonly harmless?: true;
}

const CORE: Readonly<Record<number, Named>> = {
  9: { name: "GEM_CLOSE" },
  10: { name: "GEM_FLINK" },
  11: { name: "GEM_OPEN" },
  45: { name: "PRIME_HANDLE_TO_FD" },
  46: { name: "PRIME_FD_TO_HANDLE" },
  173: { name: "MODE_GETFB" },
  178: { name: "MODE_CREATE_DUMB" },
  179: { name: "MODE_MAP_DUMB" },
  180: { name: "MODE_DESTROY_DUMB" },
  191: { name: "SYNCOBJ_CREATE" },
  192: { name: "SYNCOBJ_DESTROY" },
  193: { name: "SYNCOBJ_HANDLE_TO_FD" },
  194: { name: "SYNCOBJ_FD_TO_HANDLE" },
  195: { name: "SYNCOBJ_WAIT" },
  196: { name: "SYNCOBJ_RESET" },
  197: { name: "SYNCOBJ_SIGNAL" },
  202: { name: "SYNCOBJ_TIMELINE_WAIT" },
  204: { name: "SYNCOBJ_TRANSFER" },
  205: { name: "SYNCOBJ_TIMELINE_SIGNAL" },
  206: { name: "MODE_GETFB2" },
  210: { name: "GEM_CHANGE_HANDLE" },
};

const DRIVERS: Readonly<Record<string, Readonly<Record<number, Named>>>> = {
  msm: {
    1: { name: "SET_PARAM" },
    2: { name: "GEM_NEW" },
    3: { name: "GEM_INFO" },
    4: { name: "GEM_CPU_PREP" },
    6: { name: "GEM_SUBMIT" },
    7: { name: "WAIT_FENCE" },
    8: { name: "GEM_MADVISE" },
    10: { name: "SUBMITQUEUE_NEW" },
    11: { name: "SUBMITQUEUE_CLOSE" },
    13: { name: "VM_BIND" },
  },
  nouveau: {
    2: { name: "CHANNEL_ALLOC" },
    // The notifier buffer of the channel keeps its handle (nouveau_abi16_chan_fini).
    3: { name: "CHANNEL_FREE", harmless: true },
    4: { name: "GROBJ_ALLOC", harmless: true },
    5: { name: "NOTIFIEROBJ_ALLOC", harmless: true },
    6: { name: "GPUOBJ_FREE", harmless: true },
    7: { name: "NVIF", harmless: true },
    8: { name: "SVM_INIT" },
    9: { name: "SVM_BIND" },
    16: { name: "VM_INIT" },
    17: { name: "VM_BIND" },
    18: { name: "EXEC" },
    64: { name: "GEM_NEW" },
    65: { name: "GEM_PUSHBUF" },
    66: { name: "GEM_CPU_PREP" },
  },
  xe: {
    1: { name: "GEM_CREATE" },
    2: { name: "GEM_MMAP_OFFSET" },
    3: { name: "VM_CREATE" },
    4: { name: "VM_DESTROY" },
    5: { name: "VM_BIND" },
    6: { name: "EXEC_QUEUE_CREATE" },
    7: { name: "EXEC_QUEUE_DESTROY" },
    9: { name: "EXEC" },
    12: { name: "MADVISE" },
  },
  panthor: {
    1: { name: "VM_CREATE" },
    2: { name: "VM_DESTROY" },
    3: { name: "VM_BIND" },
    5: { name: "BO_CREATE" },
    6: { name: "BO_MMAP_OFFSET" },
    7: { name: "GROUP_CREATE" },
    8: { name: "GROUP_DESTROY" },
    9: { name: "GROUP_SUBMIT" },
    11: { name: "TILER_HEAP_CREATE" },
    12: { name: "TILER_HEAP_DESTROY" },
    13: { name: "BO_SET_LABEL" },
  },
  powervr: {
    1: { name: "CREATE_BO" },
    2: { name: "GET_BO_MMAP_OFFSET" },
    3: { name: "CREATE_VM_CONTEXT" },
    4: { name: "DESTROY_VM_CONTEXT" },
    5: { name: "VM_MAP" },
    6: { name: "VM_UNMAP" },
    7: { name: "CREATE_CONTEXT" },
    8: { name: "DESTROY_CONTEXT" },
    9: { name: "CREATE_FREE_LIST" },
    // What they hold is memory of the kernel's own, and goes with the file.
    10: { name: "DESTROY_FREE_LIST", harmless: true },
    11: { name: "CREATE_HWRT_DATASET" },
    12: { name: "DESTROY_HWRT_DATASET", harmless: true },
    13: { name: "SUBMIT_JOBS" },
  },
};

/** Kernel drivers whose memory requests become events of a trace. */
export const KNOWN_DRIVERS: readonly string[] = Object.keys(DRIVERS);

const COMMANDS_FROM = 0x40;
const COMMANDS_TO = 0xa0;

function named(driver: string, nr: number): Named | undefined {
  return nr >= COMMANDS_FROM && nr < COMMANDS_TO ? DRIVERS[driver]?.[nr - COMMANDS_FROM] : CORE[nr];
}

/**
 * What to call an ioctl.
 *
 * @param driver - Name of the kernel driver.
 * @param nr - `_IOC_NR` of the request.
 *
 * @example
 * ```ts
 * import { ioctlName } from "@gpuvm/record";
 * console.assert(ioctlName("xe", 0x4c) === "xe MADVISE");
 * console.assert(ioctlName("amdgpu", 0x40) === "amdgpu ioctl 0x40");
 * ```
 */
export function ioctlName(driver: string, nr: number): string {
  const known = named(driver, nr);
  return `${driver} ${known === undefined ? `ioctl 0x${nr.toString(16)}` : known.name}`;
}

/** Whether an ioctl without an event changes nothing that a trace tells. */
export function isHarmless(driver: string, nr: number): boolean {
  return named(driver, nr)?.harmless === true;
}
