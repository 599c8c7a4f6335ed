import type { Mutant } from "../operators.ts";
import { LOCKS } from "./locks.ts";
import { OBJECTS } from "./objects.ts";
import { TABLES } from "./tables.ts";
import { WALKS } from "./walks.ts";

/** Mistakes that people make in the core, and the most expensive ones. Each must be caught. */
export const PLANTED: readonly Mutant[] = [...WALKS, ...OBJECTS, ...LOCKS, ...TABLES];
