import type { NeutralRequest } from "../neutral-request.ts";

/** Which VM a buffer was mapped in so far: none, more than one or shared otherwise, or the VM's number in order of creation. */
const NOWHERE = -1;
const SHARED = -2;

/** What is known of one file while its requests are read: handles and VMs that can be named now, by their numbers in order. */
interface Names {
  readonly bos: Map<number, number>;
  readonly vms: Map<number, number>;
}

/**
 * Which buffers of a program are never exported, and mapped in one VM only. A well-behaved program makes such a buffer
 * private to that VM where its driver offers that (iris, anv, NVK, panvk and turnip do): work then locks one
 * reservation for all of them. What a buffer will be used for stands later in a trace, so each request is looked at once
 * ({@link PrivateBuffers.see}) before the first is translated.
 */
export class PrivateBuffers {
  /** For each `gem_new`, in order: the VM. */
  readonly #vmOf: number[] = [];
  /** For each `vm_create`, in order: its number in the program. */
  readonly #vmIds: number[] = [];
  readonly #files: Map<number, Names> = new Map();

  /** Looks at the next request of the first reading. */
  see(request: NeutralRequest): void {
    const { f } = request;
    let names = this.#files.get(f);
    if (names === undefined) {
      names = { bos: new Map(), vms: new Map() };
      this.#files.set(f, names);
    }
    switch (request.op) {
      case "gem_new":
        names.bos.set(request.bo, this.#vmOf.push(request.vm === undefined ? NOWHERE : SHARED) - 1);
        return;
      case "vm_create":
        names.vms.set(request.vm, this.#vmIds.push(request.vm) - 1);
        return;
      case "vm_destroy":
        names.vms.delete(request.vm);
        return;
      case "prime_export":
      case "prime_import":
        this.#share(names, request.bo);
        return;
      case "vm_bind":
        for (const op of request.ops) if (op.kind === "map") this.#map(names, op.bo, request.vm);
        return;
      case "gem_close":
        names.bos.delete(request.bo);
        return;
      case "close":
        this.#files.delete(f);
        return;
      default:
    }
  }

  /**
   * Makes the buffers private, for the second reading: `gem_new` names the VM. A VM that is made after its first buffer is
   * made just before it, as a program that has private buffers does.
   */
  apply(): (request: NeutralRequest) => readonly NeutralRequest[] {
    let bos = 0;
    let vms = 0;
    /** VMs in use, by file and number, and those made early, by their number in order. */
    const alive = new Set<string>();
    const early = new Set<number>();
    return (request) => {
      const { t, f } = request;
      if (request.op === "vm_create") {
        alive.add(`${f} ${request.vm}`);
        return early.delete(vms++) ? [] : [request];
      }
      if (request.op === "vm_destroy") alive.delete(`${f} ${request.vm}`);
      if (request.op !== "gem_new") return [request];
      const nth = this.#vmOf[bos++] ?? NOWHERE;
      const vm = this.#vmIds[nth];
      if (vm === undefined) return [request];
      const made = nth < vms || early.has(nth);
      // An earlier VM has that number still: it can't be made yet.
      if (!made && alive.has(`${f} ${vm}`)) return [request];
      if (made) return [{ ...request, vm }];
      early.add(nth);
      return [
        { t, f, op: "vm_create", vm },
        { ...request, vm },
      ];
    };
  }

  #map(names: Names, bo: number, vm: number): void {
    const nth = names.bos.get(bo);
    if (nth === undefined) return;
    const here = names.vms.get(vm) ?? SHARED;
    const was = this.#vmOf[nth];
    if (was !== here) this.#vmOf[nth] = was === NOWHERE ? here : SHARED;
  }

  #share(names: Names, bo: number): void {
    const nth = names.bos.get(bo);
    if (nth !== undefined) this.#vmOf[nth] = SHARED;
  }
}
