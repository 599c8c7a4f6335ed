import { gpuvaExact, gpuvaObj, gpuvmDump } from "@gpuvm/core";
import type { Replay } from "@gpuvm/drm-model";
import type { Sampler } from "@gpuvm/results";
import { type GpuvasSpace, printGpuvas } from "@gpuvm/trace";

/** Prints what debugfs would show of a replay at one moment: the last one at or before `atNs`, default the end. */
export class GpuvasOfReplay implements Sampler {
  readonly every: number;
  readonly #atNs: number;
  #text = "";
  #done = false;

  /** `atNs`: virtual time; infinite: just before the program ends. */
  constructor(atNs: number) {
    this.#atNs = atNs;
    this.every = atNs === Number.POSITIVE_INFINITY ? 16_384 : 1;
  }

  /** The dump, byte for byte as the kernel prints it; buffers are numbered instead of named by pointers. */
  get text(): string {
    return this.#text;
  }

  /** After some requests. */
  sample(replay: Replay): void {
    if (this.#done || replay.machine.now < this.#atNs) return;
    this.#done = true;
    this.#text = dump(replay);
  }

  /** The program ends. */
  exiting(replay: Replay): void {
    if (!this.#done) this.#text = dump(replay);
  }
}

function dump({ machine }: Replay): string {
  const numbers = new Map<unknown, bigint>();
  const spaces: GpuvasSpace[] = [];
  for (const record of machine.vms) {
    const { vm } = record;
    const vas = record.freed ? 0 : gpuvmDump(vm);
    if (typeof vas === "number") continue;
    const kernel = vm.kernelNode === 0 ? { addr: 0n, range: 0n } : gpuvaExact(vm, vm.kernelNode);
    const mappings = vas.map((va) => {
      const { addr, range, offset } = gpuvaExact(vm, va);
      const obj = gpuvaObj(vm, va);
      if (obj !== null && !numbers.has(obj)) numbers.set(obj, BigInt(numbers.size + 1));
      return { va: addr, length: range, object: obj === null ? 0n : (numbers.get(obj) as bigint), offset };
    });
    spaces.push({
      name: `${record.key} ${record.purpose}`,
      start: vm.space.start,
      end: vm.space.start + vm.space.range,
      reservedStart: kernel.addr,
      reservedEnd: kernel.addr + kernel.range,
      mappings,
      emptyLines: 1,
    });
  }
  return printGpuvas(spaces);
}
