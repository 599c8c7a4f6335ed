import { BadLine } from "@gpuvm/conformance";
import type { BindOp } from "@gpuvm/drm-model";
import { BIND_SPARSE } from "../gem/domains.ts";

/** Operations of a bind from the words of a request: `map 1 0x10000 0x4000 0x0 unmap 0x20000 0x4000`. */
export function bindOps(words: readonly string[]): BindOp[] {
  const ops: BindOp[] = [];
  for (let at = 0; at < words.length; ) {
    const kind = words[at] as string;
    const numbers = words.slice(at + 1, at + (kind === "map" ? 5 : 3)).map(Number);
    at += 1 + numbers.length;
    if (numbers.some(Number.isNaN)) throw new BadLine(`"${words.join(" ")}" is no list of operations`);
    ops.push(opOf(kind, numbers));
  }
  return ops;
}

function opOf(kind: string, numbers: readonly number[]): BindOp {
  if (kind === "map") {
    const [bo = 0, va = 0, length = 0, boOffset = 0] = numbers;
    return { kind, bo, boOffset, va, length, flags: 0 };
  }
  const [va = 0, length = 0] = numbers;
  const bare = { bo: 0, boOffset: 0, va, length };
  switch (kind) {
    case "unmap":
      return { ...bare, kind, flags: 0 };
    case "sparse":
      return { ...bare, kind: "map", flags: BIND_SPARSE };
    case "unsparse":
      return { ...bare, kind: "unmap", flags: BIND_SPARSE };
    default:
      throw new BadLine(`there is no operation ${kind}`);
  }
}
