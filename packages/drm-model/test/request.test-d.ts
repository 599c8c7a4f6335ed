import { expectTypeOf, test } from "vitest";
import type { NeutralBindOp, NeutralRequest } from "../src/neutral-request.ts";
import type { BindKind, BindOp, GemNew, Request, RequestOf } from "../src/request.ts";

test("every neutral request is a request, so readers and writers are shared", () => {
  expectTypeOf<NeutralRequest>().toExtend<Request>();
  expectTypeOf<NeutralBindOp>().toExtend<BindOp>();
});

test("a driver's request is not a neutral one by accident", () => {
  expectTypeOf<Request>().not.toExtend<NeutralRequest>();
  expectTypeOf<RequestOf<"set_iova">>().not.toExtend<NeutralRequest>();
});

test("op tells the events apart", () => {
  expectTypeOf<RequestOf<"gem_new">>().toEqualTypeOf<GemNew>();
  expectTypeOf<Request["t"]>().toEqualTypeOf<number>();
  expectTypeOf<NeutralBindOp["kind"]>().toExtend<BindKind>();
});
