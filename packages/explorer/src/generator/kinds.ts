import {
  bind,
  bo,
  close,
  closeQueue,
  type Deed,
  destroyVm,
  later,
  mapOp,
  submit,
  unmapOp,
} from "../scenario/plan.ts";

/** What a call is of: buffer and VM (with its queue) 1 or 2. */
export interface Target {
  readonly bo: number;
  readonly vm: number;
}

/** A kind of call. */
export interface Kind {
  readonly name: string;
  /** Which of the two it is of. */
  readonly of: readonly (keyof Target)[];
  /** The call of the k-th actor: what it makes has a number of its own, as no two calls make one number. */
  readonly say: (target: Target, k: number) => Deed;
  /** It answers before it is done. */
  readonly async?: true;
  /** Only for drivers with buffers between processes, or with memory pressure. */
  readonly needs?: "prime" | "eviction" | "fdinfo";
  /** Nothing else is called on its file meanwhile: a file is not closed during a call of it. */
  readonly ends?: true;
  /** It takes away what work may use: a fault of the GPU is the program's own then. */
  readonly takes?: true;
  /** It is of everything that there is. */
  readonly all?: true;
  /** It puts something into its VM, or takes the VM away: no program does both at once. */
  readonly vm?: "fills" | "destroys";
}

/** Where a VM's mappings begin, in pages: drivers that have one VM for a file have them side by side. */
export function pageOf(vm: number): number {
  return (vm - 1) * 16;
}

/** Every call that is neutral between drivers; those that a driver's user mode does not have are left out. */
export const KINDS: readonly Kind[] = [
  {
    name: "map",
    takes: true,
    of: ["bo", "vm"],
    vm: "fills",
    say: ({ bo: id, vm }) => bind(vm, mapOp(id, pageOf(vm) + 8, 2)),
  },
  {
    name: "cut",
    takes: true,
    of: ["bo", "vm"],
    vm: "fills",
    say: ({ bo: id, vm }) => bind(vm, mapOp(id, pageOf(vm) + 1, 1)),
  },
  { name: "unmap", takes: true, of: ["vm"], say: ({ vm }) => bind(vm, unmapOp(pageOf(vm), 1)) },
  {
    name: "map-later",
    takes: true,
    of: ["bo", "vm"],
    vm: "fills",
    async: true,
    say: ({ bo: id, vm }) => later(vm, mapOp(id, pageOf(vm) + 1, 2)),
  },
  {
    name: "unmap-later",
    takes: true,
    of: ["vm"],
    async: true,
    say: ({ vm }) => later(vm, unmapOp(pageOf(vm), 1)),
  },
  {
    name: "array-later",
    takes: true,
    of: ["bo", "vm"],
    vm: "fills",
    async: true,
    say: ({ bo: id, vm }) => later(vm, mapOp(id, pageOf(vm) + 6, 1), unmapOp(pageOf(vm), 1)),
  },
  { name: "submit", of: ["bo", "vm"], vm: "fills", say: ({ bo: id, vm }) => submit([id], vm) },
  { name: "close", takes: true, of: ["bo"], say: ({ bo: id }) => close(id) },
  { name: "close-queue", of: ["vm"], say: ({ vm }) => closeQueue(vm) },
  { name: "destroy", takes: true, of: ["vm"], vm: "destroys", say: ({ vm }) => destroyVm(vm) },
  { name: "new", of: [], say: (_, k) => bo(50 + k) },
  { name: "new-private", of: ["vm"], vm: "fills", say: ({ vm }, k) => bo(60 + k, vm) },
  {
    name: "new-queue",
    of: ["vm"],
    vm: "fills",
    say: ({ vm }, k) => ({ op: "queue_new", queue: 70 + k, vm }),
  },
  { name: "new-vm", of: [], say: (_, k) => ({ op: "vm_create", vm: 7 + k }) },
  { name: "shrink", of: [], all: true, needs: "eviction", say: () => "shrink" },
  { name: "export", of: ["bo"], needs: "prime", say: ({ bo: id }) => ({ op: "prime_export", bo: id }) },
  {
    name: "import",
    of: [],
    needs: "prime",
    say: (_, k) => ({ op: "prime_import", bo: 80 + k, size: 16384, fresh: true }),
  },
  { name: "fdinfo", of: [], all: true, needs: "fdinfo", say: () => "read fdinfo" },
  { name: "exit", takes: true, of: [], all: true, ends: true, say: () => "close file" },
];
