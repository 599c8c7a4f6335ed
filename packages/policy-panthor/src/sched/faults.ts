import type { DrmFile, GpuFaults } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { mmuFault } from "../mmu/fault.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { hang } from "./csg.ts";
import { report } from "./events.ts";
import type { PanthorQueue, TilerOom } from "./group.ts";

/** A queue that was made to wait. */
export interface SyncWaited {
  /** Somebody has written the value. */
  reached(): void;
}

/**
 * What the GPU and the firmware do that no request asks for: for scenarios, where each is a step. It happens to the queue
 * whose job the GPU works on; where it works on none, nothing does, but for a hang and the silence of the firmware.
 */
export interface PanthorGpu extends GpuFaults {
  /** The job at hand, or else the next, never ends. */
  hang(): void;
  /** The job at hand meets an address that leads nowhere: the MMU of its VM's slot is off, and it gets no further. */
  fault(): void;
  /** The command stream is broken (`CS_FATAL`); `forGood`: so that only a reset helps (`CS_UNRECOVERABLE`). */
  fatal(forGood?: boolean): void;
  /** There was no progress for too long (`CSG_PROGRESS_TIMER_EVENT`). */
  noProgress(): void;
  /** The tiler of the job at hand has no memory left. */
  tilerOom(want: TilerOom): void;
  /** The queue waits until a value is at an address. */
  syncWait(addr: number): SyncWaited | null;
  /** The firmware answers no request from now on, until the next reset. */
  silence(): void;
  /** The next reset does not help: the firmware does not boot. */
  breakDown(): void;
  /** What GROUP_GET_STATE says of a group; null: there is none of that number. */
  stateOf(file: DrmFile, group: number): GroupEnd | null;
}

/** Why a group was given up, if it was. */
export interface GroupEnd {
  /** A job took too long, or the group did not let go of its slot. */
  readonly timedOut: boolean;
  /** A queue is broken. */
  readonly fatal: boolean;
  /** It did nothing wrong itself. */
  readonly innocent: boolean;
}

/** What can happen to the GPU of a device. */
export function panthorGpu(panthor: Panthor): PanthorGpu {
  const atHand = (): PanthorQueue | undefined => panthor.gpu.line.find(({ onGpu }) => onGpu !== null);
  return {
    hang: () => hang(panthor),
    fault() {
      const as = atHand()?.group.vm.asId ?? -1;
      if (as < 0) return;
      hang(panthor);
      mmuFault(panthor, as);
    },
    fatal(forGood = false) {
      const queue = atHand();
      if (queue === undefined) return;
      report(panthor, queue.group, (events) => {
        events.fatal |= 1 << queue.index;
        events.unrecoverable ||= forGood;
      });
    },
    noProgress() {
      const queue = atHand();
      if (queue === undefined) return;
      report(panthor, queue.group, (events) => {
        events.progress = true;
      });
    },
    tilerOom(want) {
      const queue = atHand();
      if (queue === undefined) return;
      queue.oom = want;
      report(panthor, queue.group, (events) => {
        events.oom |= 1 << queue.index;
      });
    },
    syncWait(addr) {
      const queue = atHand();
      if (queue === undefined) return null;
      const wait = { addr, reached: false, bo: null };
      queue.syncwait = wait;
      return {
        reached() {
          wait.reached = true;
          panthor.sched.queueSyncUpdate();
        },
      };
    },
    silence() {
      panthor.gpu.hung = true;
    },
    breakDown() {
      panthor.gpu.dead = true;
    },
    stateOf(file, number) {
      const group = (file as PanthorFile).groups.get(number);
      if (group === undefined) return null;
      const { timedout, fatalQueues, innocent } = group;
      return { timedOut: timedout, fatal: fatalQueues !== 0, innocent };
    },
  };
}
