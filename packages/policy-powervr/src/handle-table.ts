import { LowestFree } from "@gpuvm/drm-model";

/** Handles of one kind in a file (an xarray), by the program's numbers; gone through in the order of the kernel's. */
export class HandleTable<T> {
  readonly objects: Map<number, T> = new Map();
  readonly numbers: LowestFree = new LowestFree();

  /** What a handle stands for. */
  get(handle: number): T | undefined {
    return this.objects.get(handle);
  }

  /** A new handle. */
  set(handle: number, object: T): void {
    this.objects.set(handle, object);
    this.numbers.take(handle);
  }

  /** Takes a handle away (`xa_erase`). @returns what it stood for */
  erase(handle: number): T | undefined {
    const object = this.objects.get(handle);
    this.objects.delete(handle);
    this.numbers.release(handle);
    return object;
  }

  /** Takes every handle away, one after the other. */
  *eraseAll(): Generator<T, void, void> {
    for (const handle of this.numbers.names()) {
      const object = this.erase(handle);
      if (object !== undefined) yield object;
    }
  }

  /** Everything, oldest first. */
  values(): T[] {
    return [...this.objects.values()];
  }
}
