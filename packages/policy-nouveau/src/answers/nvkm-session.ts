import { type Answer, BadLine, type DriverSession } from "@gpuvm/conformance";
import type { Errno } from "@gpuvm/core";
import { Machine } from "@gpuvm/drm-model";
import { GP100 } from "../mmu/desc.ts";
import { Vmm } from "../mmu/vmm.ts";
import { TableEntries } from "./table-entries.ts";
import { Tally } from "./tally.ts";

/** Page tables of `gp100` by themselves: `nvkm get 0x40000000 0x200000 21`. */
export class NvkmSession implements DriverSession {
  readonly #machine = new Machine();
  readonly #tally = new Tally();
  readonly #entries = new TableEntries();
  #vmm: Vmm | null = null;

  answer(request: readonly string[]): Answer {
    this.#tally.begin();
    this.#entries.begin(this.#vmm === null ? [] : [this.#vmm.counts]);
    const ret = this.#do(request);
    const tableEntriesWritten = this.#entries.since(this.#vmm === null ? [] : [this.#vmm.counts]);
    return { ret, ...this.#tally.answer(), tableEntriesWritten, vmBosCreated: 0, vmBosDestroyed: 0 };
  }

  describe(): readonly string[] {
    const { view } = this.#vmm ?? {};
    return (view?.ptes.runs() ?? []).map(
      ({ start, end, bo, pageSize }) =>
        `0x${start.toString(16)} to 0x${end.toString(16)}: ${bo === null ? "zero" : "memory"}, entries of ${pageSize}`,
    );
  }

  #do([, what, ...words]: readonly string[]): Errno {
    const [addr = 0, size = 0, third = 0, sparse = 0] = words.map(Number);
    if (what === "new") {
      this.#vmm = new Vmm(this.#machine, GP100, "vmm", true, this.#tally.mmu);
      return 0;
    }
    const vmm = this.#vmm;
    if (vmm === null) throw new BadLine(`nvkm ${what} before nvkm new`);
    switch (what) {
      case "get":
        return vmm.get(addr, size, third);
      case "put":
        vmm.put(addr, size, third);
        return 0;
      case "map":
        vmm.map(addr, size, third, { bo: null, offset: 0 });
        return 0;
      case "unmap":
        vmm.unmap(addr, size, third, sparse === 1);
        return 0;
      case "sparse":
        return vmm.sparse(addr, size, third === 1);
      case "del":
        vmm.fini();
        return 0;
      default:
        throw new BadLine(`there is no request nvkm ${what}`);
    }
  }
}
