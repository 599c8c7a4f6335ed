import type { Bo } from "../memory/bo.ts";
import type { DmaBuf } from "./dma-buf.ts";
import type { DrmFile } from "./file.ts";

/**
 * A descriptor for a handle's object (`drm_gem_prime_handle_to_dmabuf`): of the dma-buf that there is already, or of one
 * that `make` makes. The object keeps it until its last handle goes, the file's prime table until this handle goes.
 *
 * @returns null: no such handle, or `make` refused
 */
export function primeHandleToDmaBuf<B extends Bo>(
  file: DrmFile<B>,
  handle: number,
  make: (bo: B) => DmaBuf | null,
): DmaBuf | null {
  const bo = file.handles.get(handle);
  if (bo === undefined) return null;
  const known = file.prime.get(handle);
  if (known !== undefined) return known.open();
  // What was imported goes out again as what it came in as.
  const there = (bo.importAttach ?? bo.dmaBuf) as DmaBuf | null;
  const dmaBuf = there === null ? make(bo) : there.open();
  if (dmaBuf === null) return null;
  if (there === null) bo.dmaBuf = dmaBuf.get(bo);
  primeAdd(file, handle, dmaBuf);
  return dmaBuf;
}

/** The file's own handle for a dma-buf, or null (`drm_prime_lookup_buf_handle`). */
export function primeLookup(file: DrmFile, dmaBuf: DmaBuf): number | null {
  for (const [handle, known] of file.prime) if (known === dmaBuf) return handle;
  return null;
}

/** A handle was made for a dma-buf (`drm_gem_prime_fd_to_handle`): its object and the file keep it. */
export function primeImported(file: DrmFile, handle: number, dmaBuf: DmaBuf): void {
  const bo = file.handles.get(handle);
  if (bo !== undefined) bo.dmaBuf ??= dmaBuf.get(bo);
  primeAdd(file, handle, dmaBuf);
}

function primeAdd(file: DrmFile, handle: number, dmaBuf: DmaBuf): void {
  file.prime.set(handle, dmaBuf.get(file));
}
