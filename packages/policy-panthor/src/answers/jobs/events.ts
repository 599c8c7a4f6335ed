import { hex } from "@gpuvm/conformance";
import { type Counted, DrmGpuvm, DrmGpuvmBo } from "@gpuvm/core";
import type { MmuEvent, SchedEventPart } from "../../device.ts";
import { type KernelBo, PanthorBo } from "../../gem/bo.ts";
import type { PanthorVm } from "../../mmu/vm.ts";
import { PanthorGroup, PanthorJob } from "../../sched/group.ts";
import type { Fences } from "./fences.ts";
import type { World } from "./world.ts";

/** The first number of an object of the driver's own. */
const FIRST_KERNEL_BO = 1000;

/** Notes what happens during one request after the other. */
export class Events {
  readonly world: World;
  readonly fences: Fences;
  events: unknown[] = [];
  freed: string[] = [];
  vmBosFreed = 0;
  #kernelBos = FIRST_KERNEL_BO;
  #jobs = 0;

  /** Listens to a device. */
  constructor(world: World, fences: Fences) {
    this.world = world;
    this.fences = fences;
    const { panthor, machine } = world;
    // An address space is set up without an operation in its VM, whose name the recorder has then.
    panthor.onMmu = (vm, event) => this.#tell(vm.opCtx === null ? null : vm, event);
    panthor.onSched = (event) => {
      const named = event.map((part) => this.#name(part));
      this.events.push(named.length === 1 ? named[0] : named);
    };
    panthor.onKernelBo = (kbo, made) => this.#onKernelBo(kbo, made);
    panthor.onJobNew = (job) => world.jobs.add(++this.#jobs, job);
    panthor.onPush = (job, place) => fences.pushed(job, place);
    panthor.onJobFree = (job) => {
      this.freed.push(`job${world.jobs.of(job)}`);
      world.jobs.drop(job);
    };
    panthor.onGroupFree = (group) => {
      const number = world.groups.of(group);
      if (number !== undefined) this.freed.push(`group${number}`);
      world.groups.drop(group);
    };
    machine.dev.onFree = (what) => this.#onFree(what);
  }

  /** The device is there: its firmware's VM has the first slot. */
  probed(): void {
    this.events.push(`as_cmd ${this.world.panthor.mcu?.asId} UPDATE`);
  }

  /** A request begins. */
  reset(): void {
    this.events = [];
    this.freed = [];
    this.vmBosFreed = 0;
  }

  #tell(vm: PanthorVm | null, event: MmuEvent): void {
    this.events.push(vm === this.world.panthor.mcu ? { fw: event } : event);
  }

  #onKernelBo(kbo: KernelBo, made: boolean): void {
    const { bos, kernelBos, panthor, vms } = this.world;
    const { bo, name, va, gpuvm } = kbo;
    const vm = panthor.vms.get(gpuvm) as PanthorVm;
    if (!made) {
      this.events.push(["kbo_destroy", bos.of(bo)]);
      kernelBos.delete(kbo);
      return;
    }
    kernelBos.add(kbo);
    bos.add(this.#kernelBos, bo);
    this.#tell(vm, ["kbo", this.#kernelBos++, name, bo.size, hex(va), `vm${vms.of(vm)}`]);
  }

  #onFree(what: Counted): void {
    const { world } = this;
    const { bos } = world;
    if (what instanceof DrmGpuvmBo) {
      this.freed.push(`vm_bo(vm${world.numberOf(what.vm)},bo${bos.of(what.obj as PanthorBo)})`);
      this.vmBosFreed++;
    } else if (what instanceof DrmGpuvm) {
      const number = world.numberOf(what);
      if (number !== undefined) this.freed.push(`vm${number}`);
    } else if (world.resvs.has(what)) {
      this.freed.push(`resv${world.resvs.get(what)}`);
      world.resvs.delete(what);
    } else if (what instanceof PanthorBo && bos.of(what) !== undefined) {
      this.freed.push(`bo${bos.of(what)}`);
      bos.drop(what);
    }
  }

  #name(part: SchedEventPart): string | number {
    if (part instanceof PanthorGroup) return `group${this.world.groups.of(part)}`;
    if (part instanceof PanthorJob) return `job${this.world.jobs.of(part)}`;
    return part;
  }
}
