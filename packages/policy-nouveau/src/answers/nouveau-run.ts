import { type Answer, BadLine } from "@gpuvm/conformance";
import { EINVAL, ENOENT, type Errno } from "@gpuvm/core";
import { type Bo, DmaBuf } from "@gpuvm/drm-model";
import { addChannel } from "../channel/abi16.ts";
import type { NouveauCli } from "../cli.ts";
import type { NvEvent } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { CPU, GART, NO_SHARE, VRAM } from "../gem/domains.ts";
import { PL_TT, PL_VRAM } from "../ttm/place.ts";
import { swapout } from "../ttm/swapout.ts";
import { evictAll } from "../ttm/validate.ts";
import { bindOps } from "./bind-words.ts";
import { isFirst } from "./first.ts";
import { answerOf, vmBosOf } from "./state.ts";
import { TableEntries } from "./table-entries.ts";
import { Tally } from "./tally.ts";
import type { Asleep, Turn } from "./workers.ts";
import { newWorld, type World } from "./world.ts";

/** Where a program's VM has the kernel's part, unless it says so itself. */
const KERNEL_PART = [0, 0x8000_0000] as const;

/** The one channel of a file. */
const CHANNEL = 1;

const DOMAINS: Readonly<Record<string, number>> = { cpu: CPU, gart: GART, vram: VRAM, private: NO_SHARE };

/** The driver on a machine, asked in words: `nouveau bind 1 sync map 1 0x10000 0x4000 0x0`. */
export class NouveauRun {
  readonly #world: World;
  readonly #tally = new Tally();
  readonly #entries = new TableEntries();
  /** The first file has the driver make its own VMM. */
  #first: boolean;

  #ret: Errno = 0;
  #vmBosBefore = 0;
  /** The recorder looked at the driver's own state, too. */
  #told = true;

  /** One sequence. */
  constructor(seq: string) {
    this.#first = isFirst(seq);
    this.#world = newWorld((event) => this.#tell(event));
  }

  /**
   * Does what a request asks; before it begins some workers go on, and while it sleeps, as `asleep` says.
   */
  ask([, what = "", ...words]: readonly string[], before: readonly Turn[], asleep: Asleep): Answer {
    const world = this.#world;
    this.#tally.begin();
    this.#entries.begin(world.counts());
    world.freed = [];
    world.vmBosDestroyed = 0;
    this.#vmBosBefore = vmBosOf(world);
    this.#told = what !== "failpt";
    for (const lane of before) world.workers.stepOf(lane);
    world.workers.first = asleep.first;
    world.workers.late = asleep.late;
    this.#ret = this.#do(what, words);
    return this.now();
  }

  /** A worker of a lane goes on; false: it has nothing to do. */
  work(lane: Turn): boolean {
    return this.#world.workers.stepOf(lane);
  }

  /** The answer to the last request, as it would be now. */
  now(): Answer {
    const world = this.#world;
    const destroyed = world.vmBosDestroyed;
    const { bos, vms, extra } = answerOf(world);
    return {
      ret: this.#ret,
      ...this.#tally.answer(),
      tableEntriesWritten: this.#entries.since(world.counts()),
      freed: world.freed,
      vmBosCreated: vmBosOf(world) - this.#vmBosBefore + destroyed,
      vmBosDestroyed: destroyed,
      bos,
      vms,
      ...(this.#told ? { extra } : {}),
    };
  }

  /** The VMs and objects now. */
  describe(): readonly string[] {
    const { bos, vms } = answerOf(this.#world);
    return [...vms, ...bos].map((line) => JSON.stringify(line));
  }

  #tell(event: NvEvent): void {
    const { events } = this.#tally;
    if (event[0] === "copy")
      events.push(["copy", this.#world.numberOf(event[1]), event[2], event[3], event[1].size]);
    else if (event.length === 1) events.push(event[0]);
    else this.#tally.mmu(event);
  }

  #do(what: string, words: readonly string[]): Errno {
    const world = this.#world;
    const [first = 0, second = 0, third = 0] = words.map(Number);
    switch (what) {
      case "open":
        if (this.#first) this.#tally.mmu(["table get", 32]);
        this.#first = false;
        world.open(first);
        return 0;
      case "vminit":
        return this.#vmInit(first, words.length > 1 ? [second, third] : KERNEL_PART);
      case "chan": {
        const file = world.file(first);
        file.disableUvmm();
        // A channel of the recorder's has no memory of its own.
        addChannel(file, CHANNEL, "channel");
        return 0;
      }
      case "bo":
        return this.#bo(first, second, third, words[3] ?? "");
      case "share":
        return this.#share(first, second, third);
      case "closebo":
        return this.#closeBo(first);
      case "bind":
        return this.#bind(first, words[1] ?? "", words.slice(2));
      case "exec":
        return world.ask(world.file(first), { op: "exec", channel: CHANNEL, push: [[2 ** 32, 16]] });
      case "pushbuf":
        return this.#pushbuf(first, words.slice(1).map(Number));
      case "evict":
        return this.#evictAll("vram") || this.#evictAll("gart");
      case "evictall":
        return this.#evictAll(words[0]);
      case "swapout":
        return world.call(swapout(world.nv));
      case "failpt":
        world.failTable(first);
        return 0;
      case "close":
        world.close(first);
        return 0;
      case "settle":
        world.settle();
        return 0;
      default:
        throw new BadLine(`there is no request nouveau ${what}`);
    }
  }

  #vmInit(number: number, [kva, ksize]: readonly [number, number]): Errno {
    const world = this.#world;
    const file = world.file(number);
    const ret = world.ask(file, { op: "vm_init", kva, ksize });
    if (ret === 0 && file.uvmm !== null) world.nameVm(number, file.uvmm);
    return ret;
  }

  #bo(number: number, bo: number, size: number, names: string): Errno {
    const world = this.#world;
    const file = world.file(number);
    const domain = names.split("+").reduce((sum, name) => sum | (DOMAINS[name] ?? 0), 0);
    const ret = world.ask(file, { op: "gem_new", bo, size, domain });
    const made = file.handles.get(bo);
    if (ret === 0 && made !== undefined) world.nameBo(bo, made, file);
    return ret;
  }

  #share(number: number, to: number, alias: number): Errno {
    const world = this.#world;
    const bo = world.fileOf.get(number)?.handles.get(number);
    if (bo === undefined) return -ENOENT;
    const file = world.file(to);
    const ret = this.#import(file, bo, alias);
    if (ret === 0) world.nameBo(alias, bo, file);
    return ret;
  }

  /** Another handle of an object, in whichever file. */
  #import(file: NouveauCli, bo: NouveauBo, alias: number): Errno {
    const { driver, machine } = this.#world;
    if (driver.prime === undefined) return -EINVAL;
    const dmaBuf = new DmaBuf<Bo>(machine, bo);
    const ret = this.#world.call(driver.prime.importBo(file, dmaBuf, alias));
    dmaBuf.close();
    return ret;
  }

  #closeBo(number: number): Errno {
    const world = this.#world;
    const file = world.fileOf.get(number);
    world.fileOf.delete(number);
    if (file === undefined || file.closed) return -EINVAL;
    return world.ask(file, { op: "gem_close", bo: number });
  }

  #bind(number: number, how: string, words: readonly string[]): Errno {
    const world = this.#world;
    return world.ask(world.file(number), {
      op: "vm_bind",
      async: how.startsWith("async"),
      in: how.endsWith("+wait") ? 1 : 0,
      out: how.endsWith("+signal") ? 1 : 0,
      ops: bindOps(words),
    });
  }

  #pushbuf(number: number, bos: readonly number[]): Errno {
    const world = this.#world;
    return world.ask(world.file(number), { op: "submit", channel: CHANNEL, bos, writes: [], cmds: 1 });
  }

  #evictAll(place: string | undefined): Errno {
    const world = this.#world;
    return world.call(evictAll(world.nv, place === "vram" ? PL_VRAM : PL_TT));
  }
}
