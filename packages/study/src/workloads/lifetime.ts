import { Actor } from "../actor.ts";
import { Stage } from "../stage.ts";
import { figure, NOT_SHARED, type Workload } from "./workload.ts";

/** W5: a process ends while another one keeps the buffer that both had mapped. */
export const W5: Workload = {
  id: "W5",
  title: "exit, BO shared with another",
  does: "B imports A's buffer, uses it on the GPU and ends; A keeps the buffer: is B's VM freed",
  run(subject, { jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    stage.program(0);
    stage.buffer(0, 1);
    const shared = stage.exportBo(0, 1);
    if (shared === null) return NOT_SHARED;
    stage.program(1);
    stage.importBo(1, shared, 1);
    stage.map(1, 1);
    stage.submit(1, 1);
    stage.idle();
    const dead = stage.vmOf(1);
    stage.exit(1);
    stage.idle();
    if (stage.shares) {
      const mapped = Math.sign(stage.bo(0, 1)?.ptes ?? 0);
      stage.does("A", "closes the dma-buf", () => shared.close());
      return {
        dead_vms: 0,
        dead_table_pages: 0,
        dead_vms_when_bo_is_gone: 0,
        shared_vms: 1,
        mapped_for_all: mapped,
      };
    }
    const freed = dead?.freed ?? true;
    const tables = dead === undefined || freed ? 0 : dead.pt.tables;
    stage.does("A", "closes the dma-buf", () => shared.close());
    stage.exit(0);
    stage.idle();
    return {
      dead_vms: freed ? 0 : 1,
      dead_table_pages: tables,
      dead_vms_when_bo_is_gone: (dead?.freed ?? true) ? 0 : 1,
    };
  },
  word(o) {
    if (figure(o, "shared_vms") > 0) return "one for all";
    if (figure(o, "dead_vms") === 0) return "VM freed";
    return figure(o, "dead_vms_when_bo_is_gone") > 0 ? "VM leaks" : "VM stays";
  },
};

/** W7: the driver's own objects: those that it has from its start, and one in each of its VMs, made and given up. */
export const W7: Workload = {
  id: "W7",
  title: "the kernel's own BOs",
  does: "the driver makes a pinned object for the GPU (a ring) and one for the display (a cursor, a command buffer), and gives both up; at last it goes itself, with what it had from its start",
  run(subject, { jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    const { kernelBos } = stage.driver;
    const own = stage.baseline.bos;
    if (kernelBos === undefined && own === 0) return "the model of this driver has no objects of its own";
    const leaked = (vm: "kernel" | "scanout"): number => {
      const before = stage.left().bos;
      if (kernelBos !== undefined) {
        const where =
          vm === "kernel" ? "a ring, pinned in the kernel's VM" : "a cursor, pinned in the display's VM";
        const bo = stage.call("kernel", `makes ${where}`, kernelBos.create(KERNEL_BYTES, vm)) ?? null;
        stage.see(bo);
        if (bo !== null) stage.call("kernel", "gives it up", kernelBos.put(bo, vm));
      }
      stage.idle();
      return stage.left().bos - before;
    };
    const roles =
      kernelBos === undefined
        ? {}
        : { leaked_in_kernel_vm: leaked("kernel"), leaked_in_scanout_vm: leaked("scanout") };
    const given = stage.left().bos;
    stage.finish();
    const left = stage.replay.leftAtDeviceClose;
    return {
      kernel_bos: own,
      ...roles,
      leaked_kernel_bos: (left?.bos ?? 0) - given,
      leaked_kernel_vms: left?.vms ?? 0,
    };
  },
  word(o) {
    const inVms = [figure(o, "leaked_in_kernel_vm"), figure(o, "leaked_in_scanout_vm")];
    if (inVms.every((n) => n === 0) && figure(o, "leaked_kernel_bos") === 0) return "freed";
    return inVms[0] === 0 ? "leaks (kms)" : "leaks";
  },
};

const KERNEL_BYTES = 65536;

/** W8: a file is closed with explicit mappings left, and with a job whose fence is in a buffer's reservation. */
export const W8: Workload = {
  id: "W8",
  title: "file close, binds left",
  does: "a program of a driver with explicit binds maps buffers, draws into one that it exported, and ends without unmapping; then the same without the export",
  run(subject, { jobs, jobMs }, watch) {
    const run = (shown: boolean): { bos: number; vms: number; wait: number } | null => {
      const title = shown ? "with one buffer exported" : "without an export";
      const stage = new Stage(subject, { jobMs, watch, title });
      if (!stage.binds) return null;
      stage.program(0);
      for (let i = 1; i <= jobs; i++) stage.buffer(0, i);
      if (shown) stage.show(0, 1);
      stage.submit(0, ...Array.from({ length: jobs }, (_, i) => i + 1));
      const wait = stage.exit(0);
      stage.idle();
      return { bos: stage.alive, vms: stage.left().vms, wait };
    };
    const shown = run(true);
    const plain = run(false);
    if (shown === null || plain === null) return "its programs bind nothing: the kernel maps";
    return {
      mapped_bos: jobs,
      leaked_bos: shown.bos,
      leaked_vms: shown.vms,
      leaked_bos_unexported: plain.bos,
      leaked_vms_unexported: plain.vms,
      exit_wait_ms: shown.wait,
    };
  },
  word: (o) => (figure(o, "leaked_bos") > 0 ? `leaks ${figure(o, "leaked_bos")}+VM` : "0 leaked"),
};

/** W9: the moment in which an object that soft links lead to is freed. */
export const W9: Workload = {
  id: "W9",
  title: "BO freed, on a VM's list",
  does: "the last handle of a shown and drawn buffer is closed; in the moment in which its last reference is gone, what do the VMs' lists of external and evicted objects lead to",
  run(subject, { jobMs }, watch) {
    const stage = new Stage(subject, { jobMs, watch });
    const { machine, driver } = stage;
    stage.program(0);
    stage.buffer(0, 1);
    stage.submit(0, 1);
    stage.idle();
    const object = stage.bo(0, 1);
    if (driver.scanout !== undefined && object !== undefined) {
      stage.call("display", "prepares its framebuffer, and shows it", driver.scanout.prepareFb(object));
      stage.call("display", "cleans it up", driver.scanout.cleanupFb(object));
    }
    // The free sleeps for the VMs' locks: whoever holds one sees the lists as they are then.
    machine.dev.stepping = true;
    const close = new Actor(machine, "close", stage.ioctl(0, { op: "gem_close", f: 0, bo: 1 }));
    let dangling = 0;
    close.run(({ kind, label }) => {
      const now = danglingEntries(stage);
      dangling = Math.max(dangling, now);
      const lists = now === 0 ? "" : `: ${now} entries of VMs' lists lead to an object without references`;
      stage.tell(
        "A",
        kind === "done" ? `its close is done${lists}` : `closes the handle, at ${kind} ${label}${lists}`,
      );
      return false;
    });
    machine.dev.stepping = false;
    stage.idle();
    return { dangling_entries: dangling, freed: object === undefined || object.refs === 0 ? 1 : 0 };
  },
  word(o) {
    const n = figure(o, "dangling_entries");
    return n > 0 ? `${n} DANGLING` : figure(o, "freed") > 0 ? "none" : "not freed";
  },
};

/** Entries of VMs' lists that lead to objects without references. */
function danglingEntries(stage: Stage): number {
  let n = 0;
  for (const { vm, freed } of stage.machine.vms) {
    if (freed) continue;
    for (const vmBo of [...vm.extobj.list.toArray(), ...vm.evict.list.toArray()])
      if (vmBo.obj.refs === 0) n++;
  }
  return n;
}
