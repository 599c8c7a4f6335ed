import {
  type Errno,
  type GpuvaOps,
  type GpuvaSmOp,
  gpuvmMadviseOpsCreate,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
} from "../../src/index.ts";
import { consume, insert, newVm, vasOf } from "./driver.ts";
import { PAGES, read, type Scale, UNITS, Writer } from "./notation.ts";
import { picture, type Row } from "./picture.ts";
import type { SmCase } from "./sm-cases.ts";

/** How a VM keeps its mappings: the fast index on units, on pages, or the exact one. */
export type Mode = "units" | "pages" | "exact";

/** What the model does with a case. */
export interface CaseRun {
  readonly steps: string[];
  readonly after: string[];
}

const SCALES: Readonly<Record<Mode, Scale>> = { units: UNITS, pages: PAGES, exact: UNITS };

/** Maps what a case begins with. */
export function setUp(c: SmCase, mode: Mode): { vm: ReturnType<typeof newVm>; writer: Writer } {
  const vm = newVm(mode === "pages" ? { start: PAGES.base, range: 2n ** 62n } : {});
  if (mode === "exact") vm.promote();
  const writer = new Writer(vm, SCALES[mode]);
  for (const text of c.before) {
    const written = read(text);
    const { addr, range, offset } = writer.scaled(written);
    insert(vm, addr, range, writer.obj(written.obj), offset);
  }
  return { vm, writer };
}

/** Runs a case: the steps, and what is mapped when they were applied. */
export function runCase(c: SmCase, mode: Mode): CaseRun {
  const { vm, writer } = setUp(c, mode);
  const request = read(c.request);
  const req = { ...writer.scaled(request), obj: writer.obj(request.obj) };
  let ops: GpuvaOps<GpuvaSmOp> | Errno;
  if (c.kind === "unmap") ops = gpuvmSmUnmapOpsCreate(vm, req.addr, req.range);
  else if (c.kind === "map") ops = gpuvmSmMapOpsCreate(vm, req);
  else ops = gpuvmMadviseOpsCreate(vm, req);
  const steps = typeof ops === "number" ? [`error ${ops}`] : ops.list.map((op) => writer.step(op));
  consume(vm, ops);
  return { steps, after: vasOf(vm).map((va) => writer.va(va)) };
}

/** A case as the model answers it, drawn. */
export function drawCase(c: SmCase): string {
  const { steps, after } = runCase(c, "units");
  const request = read(c.request);
  const rows: Row[] = [
    { name: "old", mappings: c.before.map(read) },
    { name: "request", mappings: [c.kind === "unmap" ? { ...request, obj: "" } : request] },
    { name: "new", mappings: after.map(read) },
  ];
  const drawn = picture(rows);
  const list = steps.length === 0 ? ["no step"] : steps.map((step, i) => `${i + 1}. ${step}`);
  return `${drawn}\n\n${list.join("\n")}`;
}
