import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";

/**
 * A buffer list names an object for the second time and is refused: the reference of that lookup goes. Before
 * 5ea72f7b7139 (7.3) it was forgotten (bug N5).
 */
export function putRefused(nv: NvDevice, bo: NouveauBo): void {
  if (!nv.defects.has("N5")) bo.put("ioctl");
}
