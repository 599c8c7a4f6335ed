import { read } from "../../../../packages/gpuvm-core/test/support/notation.ts";
import { SM_CASES } from "../../../../packages/gpuvm-core/test/support/sm-cases.ts";
import type { State } from "./address.ts";
import type { Mapping } from "./ask.ts";

/** A worked case to begin with. */
export interface Preset {
  readonly name: string;
  readonly state: State;
}

function mapping(text: string): Mapping {
  const { addr, end, obj, offset } = read(text);
  return { addr: Number(addr), end: Number(end), obj, offset: Number(offset) };
}

/** The numbered cases of the kernel's comment, and the others of the guide, where their numbers are small. */
export const PRESETS: readonly Preset[] = SM_CASES.filter(
  ({ before, request }) => ![...before, request].some((text) => text.includes("^")),
).map(({ kind, id, title, before, request }) => ({
  name: `${kind} ${id}: ${title.replace(/^\.\.\. /, "")}`,
  state: { before: before.map(mapping), request: { kind, ...mapping(request) } },
}));
