import type { DriverSession } from "@gpuvm/conformance";
import { BadLine } from "@gpuvm/conformance";
import { DrmGpuvm, DrmGpuvmBo } from "@gpuvm/core";
import type { PvrBo } from "../gem/bo.ts";
import { entriesSince, snapshot } from "./entries.ts";
import { answerOf } from "./state.ts";
import { World } from "./world.ts";

type Answer = Record<string, unknown>;
/** Objects of the firmware's VM, and that VM, as the recorder calls them here. */
const FIRMWARE_BO = -1000;
const FIRMWARE_VM = -1;

/** VM contexts, buffers, binds and closes: no jobs. */
export class VmSession implements DriverSession {
  readonly #freed: string[] = [];
  #vmBosDestroyed = 0;
  readonly #world = new World((what) => this.#onFree(what));

  answer(words: readonly string[]): Answer {
    const world = this.#world;
    const { counts } = world.machine;
    const created = counts.vmBosCreated;
    const before = snapshot(world);
    this.#freed.length = 0;
    this.#vmBosDestroyed = 0;
    const ret = this.#do(words);
    return {
      ret,
      ...entriesSince(world, before),
      freed: [...this.#freed],
      vmBosCreated: counts.vmBosCreated - created,
      vmBosDestroyed: this.#vmBosDestroyed,
      ...answerOf(world),
    };
  }

  describe(): readonly string[] {
    const { bos, vms } = answerOf(this.#world);
    return [...vms, ...bos].map((line) => JSON.stringify(line));
  }

  #do(words: readonly string[]): number {
    const world = this.#world;
    const n = (at: number) => {
      const value = Number(words[at]);
      if (!Number.isSafeInteger(value)) throw new BadLine(`word ${at} of "${words.join(" ")}" is no number`);
      return value;
    };
    switch (words[1]) {
      case "open":
        world.open(n(2));
        return 0;
      case "vmcreate": {
        const file = world.file(n(2));
        const ret = world.ask(file, { op: "vm_create", vm: n(3) });
        const made = file.vmContexts.get(n(3));
        if (made !== undefined) world.vms.add(n(3), made);
        world.fileOfVm.set(n(3), file);
        return ret;
      }
      case "bo": {
        const file = world.file(n(2));
        const ret = world.ask(file, { op: "gem_new", bo: n(3), size: n(4) });
        const made = file.handles.get(n(3));
        if (made !== undefined) world.bos.add(n(3), made);
        world.fileOfBo.set(n(3), file);
        return ret;
      }
      case "share": {
        const file = world.file(n(3));
        const from = world.fileOfBo.get(n(2));
        const dmaBuf = from === undefined ? null : world.driver.prime?.exportBo(from, n(2));
        if (dmaBuf === null || dmaBuf === undefined || world.driver.prime === undefined) return -9;
        const ret = world.call(world.driver.prime.importBo(file, dmaBuf, n(4)));
        dmaBuf.close();
        world.bos.add(n(4), dmaBuf.bo as PvrBo);
        world.fileOfBo.set(n(4), file);
        return ret;
      }
      case "map": {
        const op = { kind: "map", bo: n(3), va: n(4), length: n(5), boOffset: n(6), flags: 0 } as const;
        return world.ask(world.fileOfVm.get(n(2)), { op: "vm_bind", vm: n(2), ops: [op] });
      }
      case "unmap": {
        const op = { kind: "unmap", bo: 0, va: n(3), length: n(4), boOffset: 0, flags: 0 } as const;
        return world.ask(world.fileOfVm.get(n(2)), { op: "vm_bind", vm: n(2), ops: [op] });
      }
      case "closebo":
        return world.ask(world.fileOfBo.get(n(2)), { op: "gem_close", bo: n(2) });
      case "vmdestroy":
        return world.ask(world.fileOfVm.get(n(2)), { op: "vm_destroy", vm: n(2) });
      case "close":
        world.close(n(2));
        return 0;
      default:
        throw new BadLine(`there is no request "${words[1]}" of powervr`);
    }
  }

  #onFree(what: PvrBo | DrmGpuvmBo | DrmGpuvm): void {
    const { bos, vms } = this.#world;
    if (what instanceof DrmGpuvmBo) {
      const vm = this.#vmNumber(what.vm);
      this.#freed.push(`vm_bo(vm${vm},bo${bos.of(what.obj as PvrBo) ?? FIRMWARE_BO})`);
      this.#vmBosDestroyed++;
    } else if (what instanceof DrmGpuvm) {
      this.#freed.push(`vm${this.#vmNumber(what)}`);
      for (const [ctx] of vms.all()) if (ctx.vm === what) vms.drop(ctx);
    } else if (bos.of(what) !== undefined) {
      this.#freed.push(`bo${bos.of(what)}`);
      bos.drop(what);
    }
  }

  #vmNumber(vm: DrmGpuvm): number {
    for (const [ctx, number] of this.#world.vms.all()) if (ctx.vm === vm) return number;
    return FIRMWARE_VM;
  }
}
