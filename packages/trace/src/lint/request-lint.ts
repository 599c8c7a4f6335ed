/** Looks at what a program asked. */
import type { BindOp, CommandRange, Request, VmBind } from "@gpuvm/drm-model";
import { type Cut, type Mapped, MappingSet } from "../mapping-set.ts";
import { AddressHistory } from "./address-history.ts";
import { type Finding, finding } from "./finding.ts";
import { Growth } from "./growth.ts";
import { SyncLint } from "./sync-lint.ts";

const PAGE = 4096;
/** Ranges that are remembered after their unbind, per VM. */
const RECENT = 4096;
/** A VM with fewer pieces than this is not called fragmented. */
const FRAGMENTS_MIN = 16;

interface Vm {
  readonly set: MappingSet;
  /** Ranges that were unbound, oldest first. */
  readonly unbound: { va: number; end: number; line: number }[];
}

/** Checks requests one by one; holds no more than what is alive. */
export class RequestLint {
  readonly #file: string;
  readonly #report: (f: Finding) => void;
  readonly #vms = new Map<string, Vm>();
  readonly #queueVm = new Map<string, string>();
  readonly #sizes = new Map<number, number>();
  readonly #mappedTimes = new Map<number, number>();
  readonly #history: AddressHistory;
  readonly #syncs = new SyncLint((code, message) => this.#say(code, message));
  #growth = new Growth();
  #bytes = 0;
  #line = 0;
  #clock = Number.NaN;
  /** Line of the last loss of events: what was seen before it may have ended unseen. */
  #lossLine = 0;

  constructor(file: string, report: (f: Finding) => void, history: AddressHistory = new AddressHistory()) {
    this.#file = file;
    this.#report = report;
    this.#history = history;
  }

  /** The next request; `clock` is its time on the clock of the file, `label` what it calls a VM that is made. */
  push(r: Request, line: number, clock?: number, label?: string): void {
    this.#line = line;
    this.#clock = clock ?? Number.NaN;
    this.#syncs.push(r, line);
    if (r.op === "vm_create" && label !== undefined) this.#history.label(`${r.f}/${r.vm}`, label);
    if (r.op === "gem_new" || (r.op === "prime_import" && r.fresh)) this.#open(r.bo, r.size);
    else if (r.op === "gem_close") this.#close(r.bo);
    else if (r.op === "vm_bind") this.#bind(r);
    else if (r.op === "queue_new" && r.vm !== undefined)
      this.#queueVm.set(`${r.f}/${r.queue}`, `${r.f}/${r.vm}`);
    else if (r.op === "vm_destroy") this.#leave(`${r.f}/${r.vm}`, `vm ${r.vm} is destroyed`);
    else if (r.op === "submit") this.#use(r.f, r.queue, r.ib ?? []);
    else if (r.op === "exec") {
      const batch: CommandRange[] = r.addr !== undefined && (r.batches ?? 1) > 0 ? [[r.addr, 1]] : [];
      this.#use(r.f, r.queue, r.push ?? batch);
    } else if (r.op === "close") {
      for (const key of [...this.#vms.keys()]) {
        if (key.startsWith(`${r.f}/`)) this.#leave(key, `file ${r.f} is closed`);
      }
    }
  }

  /** Events are missing: what is known so far may be wrong, and is not held against what follows. */
  lost(line: number): void {
    this.#lossLine = line;
    this.#mappedTimes.clear();
    this.#growth = new Growth();
    this.#syncs.lost();
    for (const vm of this.#vms.values()) vm.unbound.length = 0;
  }

  /** After the last request. */
  end(): void {
    this.#syncs.end();
    for (const { set } of this.#vms.values()) this.#fragments(set);
    const grown = this.#growth.verdict();
    if (grown !== undefined) {
      this.#say("growth", `open buffers grew from ${grown.from} to ${grown.to} bytes and never came back`);
    }
  }

  #say(code: Parameters<typeof finding>[0], message: string): void {
    this.#report(finding(code, this.#file, this.#line, message));
  }

  #open(bo: number, size: number): void {
    this.#sizes.set(bo, size);
    this.#bytes += size;
    this.#growth.add(this.#bytes);
  }

  #close(bo: number): void {
    this.#bytes -= this.#sizes.get(bo) ?? 0;
    this.#sizes.delete(bo);
    this.#growth.add(this.#bytes);
    const times = this.#mappedTimes.get(bo) ?? 0;
    if (times > 0)
      this.#say("closed-while-mapped", `buffer ${bo} is closed while mapped (${times} mappings)`);
  }

  #vm(key: string): Vm {
    let vm = this.#vms.get(key);
    if (vm === undefined) {
      vm = { set: new MappingSet(), unbound: [] };
      this.#vms.set(key, vm);
    }
    return vm;
  }

  #bind(r: VmBind): void {
    const vm = this.#vm(`${r.f}/${r.vm ?? 0}`);
    for (const o of r.ops) this.#op(vm, `${r.f}/${r.vm ?? 0}`, o);
  }

  #op(vm: Vm, key: string, o: BindOp): void {
    const where = `0x${BigInt(o.va).toString(16)}+0x${BigInt(o.length).toString(16)}`;
    switch (o.kind) {
      case "map":
      case "map_null":
      case "map_userptr": {
        if (o.va % PAGE !== 0 || o.length % PAGE !== 0 || o.boOffset % PAGE !== 0 || o.length === 0) {
          this.#say(
            "misaligned",
            `map ${where} of buffer ${o.bo} at offset 0x${BigInt(o.boOffset).toString(16)}`,
          );
        }
        this.#history.record(true, key, o.va, o.va + o.length, this.#line, this.#clock);
        const cut = vm.set.map(o.va, o.length, o.bo, o.boOffset, this.#line);
        this.#count(cut);
        if (o.bo !== 0) this.#mappedTimes.set(o.bo, (this.#mappedTimes.get(o.bo) ?? 0) + 1);
        // Null mappings are there to be mapped over, and memory to be replaced by them.
        const replaced = o.bo === 0 ? undefined : cut.removed.find((m) => m.bo !== 0 && this.#seen(m));
        if (replaced !== undefined) {
          this.#say(
            "map-over",
            `map ${where} of buffer ${o.bo} replaces buffer ${replaced.bo} from line ${replaced.line}`,
          );
        }
        break;
      }
      case "unmap": {
        const cut = vm.set.unmap(o.va, o.length);
        this.#count(cut);
        // The bind may be among the events that were lost.
        if (cut.removed.length === 0 && this.#lossLine === 0) {
          this.#say("unbind-nothing", `unmap ${where}: nothing is mapped there`);
        }
        if (cut.removed.length > 0) {
          this.#history.record(false, key, o.va, o.va + o.length, this.#line, this.#clock);
        }
        vm.unbound.push({ va: o.va, end: o.va + o.length, line: this.#line });
        if (vm.unbound.length > RECENT) vm.unbound.splice(0, RECENT / 2);
        break;
      }
      case "unmap_all":
        this.#unmapAll(vm, key, o.bo);
        break;
      case "prefetch":
      case "sync":
        break;
    }
  }

  #unmapAll(vm: Vm, key: string, bo: number): void {
    const cut = vm.set.unmapBo(bo);
    this.#count(cut);
    for (const m of cut.removed) this.#history.record(false, key, m.va, m.end, this.#line, this.#clock);
  }

  /** Whether nothing was lost since a mapping was made. */
  #seen(m: Mapped): boolean {
    return m.line > this.#lossLine;
  }

  #count(cut: Cut): void {
    for (const m of cut.removed) if (this.#seen(m)) this.#add(m.bo, -1);
    for (const m of cut.left) if (this.#seen(m)) this.#add(m.bo, 1);
  }

  #add(bo: number, by: number): void {
    if (bo === 0) return;
    const times = (this.#mappedTimes.get(bo) ?? 0) + by;
    if (times > 0) this.#mappedTimes.set(bo, times);
    else this.#mappedTimes.delete(bo);
  }

  #use(f: number, queue: number | undefined, ranges: readonly CommandRange[]): void {
    const vm = this.#vms.get(this.#queueVm.get(`${f}/${queue ?? 0}`) ?? `${f}/0`);
    if (vm === undefined) return;
    for (const [address, bytes] of ranges) {
      // Addresses of work may be sign-extended from bit 47.
      const va = address < 2 ** 63 ? address : Number(BigInt.asUintN(48, BigInt(address)));
      if (bytes === 0 || vm.set.at(va) !== undefined || vm.set.at(address) !== undefined) continue;
      const was = vm.unbound.findLast((u) => u.va <= va && va < u.end);
      if (was === undefined) continue;
      this.#say("use-after-unbind", `work at 0x${BigInt(va).toString(16)}, which line ${was.line} unbound`);
    }
  }

  #leave(key: string, why: string): void {
    const vm = this.#vms.get(key);
    if (vm === undefined) return;
    let left = 0;
    for (const m of vm.set) {
      if (!this.#seen(m)) continue;
      left++;
      this.#add(m.bo, -1);
    }
    if (left > 0) this.#say("mapped-at-close", `${why} with ${left} mappings left`);
    this.#fragments(vm.set);
    this.#history.record(false, key, 0, Number.POSITIVE_INFINITY, this.#line, this.#clock);
    this.#vms.delete(key);
  }

  #fragments(set: MappingSet): void {
    let joinable = 0;
    let previous: { end: number; bo: number; next: number } | undefined;
    for (const m of set) {
      if (
        previous !== undefined &&
        m.bo !== 0 &&
        previous.end === m.va &&
        previous.bo === m.bo &&
        previous.next === m.boOffset
      ) {
        joinable++;
      }
      previous = { end: m.end, bo: m.bo, next: m.boOffset + (m.end - m.va) };
    }
    if (joinable >= FRAGMENTS_MIN && joinable * 2 > set.size) {
      this.#say("fragmentation", `${joinable} of ${set.size} mappings continue the one before them`);
    }
  }
}
