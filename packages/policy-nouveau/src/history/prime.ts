import type { NvDevice } from "../device.ts";
import { NouveauBo } from "../gem/bo.ts";
import { GART } from "../gem/domains.ts";

/**
 * An import for which there is no memory (`nouveau_gem_prime_import_sg_table`). Before a9bf3efc33f1 (6.11) an object that
 * its own init had given up was put by the error path, too (bug N4).
 */
export function importFailed(nv: NvDevice, size: number): void {
  if (!nv.defects.has("N4")) return;
  const half = new NouveauBo(nv, { size, domain: GART, imported: true });
  half.put("creator");
  half.put("creator");
}
