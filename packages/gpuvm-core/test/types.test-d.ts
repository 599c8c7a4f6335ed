import { expectTypeOf, test } from "vitest";
import {
  DRM_GPUVA_OP_REMAP,
  EINVAL,
  type Errno,
  type Gpuva,
  type GpuvaOp,
  GpuvaOpSlot,
  type GpuvaOps,
  type GpuvaSmOp,
  gpuvmSmMapOpsCreate,
  isErr,
  type OpRemap,
} from "../src/index.ts";

test("a VA is no number that comes along, and no errno; 0 is none", () => {
  expectTypeOf<number>().not.toExtend<Gpuva>();
  expectTypeOf<Errno>().not.toExtend<Gpuva>();
  expectTypeOf<Gpuva>().not.toExtend<Errno>();
  expectTypeOf<0>().toExtend<Gpuva>();
});

test("an errno is negated before it is returned", () => {
  expectTypeOf(EINVAL).not.toExtend<Errno>();
  expectTypeOf(-EINVAL).toExtend<Errno>();
  const answer = 0 as Gpuva | Errno;
  if (isErr(answer)) expectTypeOf(answer).toEqualTypeOf<Errno>();
  else expectTypeOf(answer).toExtend<Gpuva>();
});

test("an operation has the part that goes with its kind", () => {
  const op = new GpuvaOpSlot() as GpuvaOp;
  expectTypeOf(op).not.toHaveProperty("remap");
  if (op.op === DRM_GPUVA_OP_REMAP) expectTypeOf(op.remap).toEqualTypeOf<OpRemap>();
  expectTypeOf(gpuvmSmMapOpsCreate).returns.toEqualTypeOf<GpuvaOps<GpuvaSmOp> | Errno>();
});
