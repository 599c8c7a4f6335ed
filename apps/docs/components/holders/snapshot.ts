import { type Counted, gemVmBos, holderName, type Ledger } from "@gpuvm/core";
import type { Bo, Machine, VmRecord } from "@gpuvm/drm-model";

/** One object, or somebody who holds one. */
export interface HolderNode {
  /** Its name in the ledger: `bo#16`. */
  readonly id: string;
  /** `BO`, `vm_bo`, `VM`, `VA`, `file`, ... : what is drawn with one colour. */
  readonly kind: string;
  /** What is written on it. */
  readonly label: string;
}

/** `from` holds `to`. */
export interface HolderEdge {
  readonly from: string;
  readonly to: string;
  /** References; 0: it points there, or owes it its end, and counts nothing. */
  readonly count: number;
}

/** Who holds whom at one time. */
export interface HolderGraph {
  readonly nodes: readonly HolderNode[];
  readonly edges: readonly HolderEdge[];
  /** Holders that are not drawn, as others of their kind are that hold the same. */
  readonly hidden?: number;
}

/** Who holds for the length of one call only. */
const CALL = /^(creator|ioctl|drm_exec|walk of )/;

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^bo#/, "BO"],
  [/^vm_bo#/, "vm_bo"],
  [/^(vm#|vm_ctx#)/, "VM"],
  [/^va#/, "VA"],
  [/^handle /, "handle"],
  [/^file/, "file"],
  [/^device/, "device"],
  [/^resv object/, "r_obj"],
  [/^(submit|bind_job|fence|job)#/, "job"],
  [/^(context|queue|group)#/, "queue"],
  [/^dma-buf#/, "dma_buf"],
];

/**
 * Who holds objects and VMs, on a machine with a ledger. `only`: no other mappings of those VMs are shown. `few`: of the
 * holders of one kind that an object has so many are shown.
 */
export function holdersOf(
  machine: Machine,
  bos: readonly Bo[],
  vms: readonly VmRecord[],
  only = false,
  few: number = Number.POSITIVE_INFINITY,
): HolderGraph {
  const { ledger } = machine.dev;
  if (ledger === null) return { nodes: [], edges: [] };
  const graph = new Gatherer(ledger, only ? mappingsOf(bos) : null, few);
  for (const one of bos) graph.counted(one);
  for (const record of vms) graph.counted(record.vm);
  for (const record of vms) mappings(graph, record, bos);
  return graph;
}

/** Who holds whom of all that is there, the driver's own things, too. */
export function allHoldersOf(machine: Machine): HolderGraph {
  return holdersOf(machine, [...machine.memory.objects], liveVms(machine));
}

/** The VMs that are not freed yet. */
export function liveVms(machine: Machine): VmRecord[] {
  return machine.vms.filter(({ freed }) => !freed);
}

/** Mappings of one link that are shown, where not all are. */
const FEW = 3;

/** The names of the links of objects, and of a few mappings of each. */
function mappingsOf(bos: readonly Bo[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const bo of bos)
    for (const link of gemVmBos(bo).toArray()) {
      names.add(link.name);
      let n = 0;
      for (let va = link.vaHead; va !== 0 && n < FEW; va = link.vm.vas.next(va), n++)
        names.add(`va#${va} of ${link.vm.name}`);
    }
  return names;
}

/** What counts do not say: a VM's tree keeps its mappings until an event takes them out, a soft vm_bo only points. */
function mappings(graph: Gatherer, { vm }: VmRecord, bos: readonly Bo[]): void {
  for (const bo of bos)
    for (const link of gemVmBos(bo).toArray()) {
      if (link.vm !== vm) continue;
      graph.counted(link);
      graph.edge(link.name, bo.name, 0);
      for (let va = link.vaHead; va !== 0; va = vm.vas.next(va)) {
        const name = `va#${va} of ${vm.name}`;
        if (graph.hides(name)) continue;
        graph.node(name);
        graph.edge(vm.name, name, 0);
      }
    }
}

class Gatherer implements HolderGraph {
  readonly nodes: HolderNode[] = [];
  readonly edges: HolderEdge[] = [];
  readonly #ledger: Ledger;
  readonly #books: ReadonlyMap<string, Counted>;
  readonly #seen = new Set<string>();
  readonly #only: ReadonlySet<string> | null;
  readonly #few: number;
  hidden = 0;

  /** `only`: the links and mappings that are shown; null: all. `few`: so many of a kind hold one object. */
  constructor(ledger: Ledger, only: ReadonlySet<string> | null, few: number) {
    this.#ledger = ledger;
    this.#only = only;
    this.#few = few;
    this.#books = new Map(ledger.all().map((what) => [what.name, what]));
  }

  counted(what: Counted): void {
    if (!this.node(what.name)) return;
    const kinds = new Map<string, number>();
    for (const { by, count } of this.#ledger.holders(what)) {
      const holder = holderName(by);
      if (CALL.test(holder) || this.hides(holder)) continue;
      const kind = kindOf(holder);
      const nth = (kinds.get(kind) ?? 0) + 1;
      kinds.set(kind, nth);
      if (nth > this.#few) {
        this.hidden++;
        continue;
      }
      const next = this.#books.get(holder);
      if (next === undefined) this.node(holder);
      else this.counted(next);
      this.edge(holder, what.name, count);
    }
  }

  /** Whether a link or mapping is one of those that are not shown. */
  hides(holder: string): boolean {
    return this.#only !== null && /^(?:vm_bo|va)#/.test(holder) && !this.#only.has(holder);
  }

  /** Notes a node once; false: it was there. */
  node(id: string): boolean {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    const kind = kindOf(id);
    this.nodes.push({ id, kind, label: labelOf(id, kind) });
    return true;
  }

  edge(from: string, to: string, count: number): void {
    const there = this.edges.some((edge) => edge.from === from && edge.to === to);
    if (!there) this.edges.push({ from, to, count });
  }
}

function kindOf(id: string): string {
  return KINDS.find(([pattern]) => pattern.test(id))?.[1] ?? "other";
}

function labelOf(id: string, kind: string): string {
  if (kind === "handle") return "handle";
  if (kind === "file") return "file";
  if (kind === "vm_bo") return "vm_bo";
  if (kind === "VA") return "mapping (VA)";
  if (kind === "r_obj") return "reservation (r_obj)";
  return id;
}
