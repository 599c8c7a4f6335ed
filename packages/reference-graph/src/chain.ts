import { type Counted, holderName, type Ledger } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";

/** One holder, and who holds that in turn. */
export interface Link {
  /** `vm_bo#9 (vm#1, bo#3)`. */
  readonly holder: string;
  /** How many references it has. */
  readonly count: number;
  /** What keeps the holder itself; empty: a root, that an event of userspace or the driver ends. */
  readonly by: readonly Link[];
  /** Said before in this chain: a cycle ends here. */
  readonly again: boolean;
}

/** Who keeps an object alive now, from the ledger: its holders, theirs, and so on to the roots. */
export function chainOf(machine: Machine, what: Counted): Link[] {
  const { ledger } = machine.dev;
  if (ledger === null) return [];
  const books = new Map(ledger.all().map((counted) => [counted.name, counted]));
  return links(machine, ledger, what, books, new Set([what.name]));
}

function links(
  machine: Machine,
  ledger: Ledger,
  what: Counted,
  books: ReadonlyMap<string, Counted>,
  seen: ReadonlySet<string>,
): Link[] {
  return ledger.holders(what).map(({ holder, by, count }) => {
    if (seen.has(holder)) return { holder, count, by: [], again: true };
    const deeper = new Set([...seen, holder]);
    const next = books.get(holderName(by));
    // A mapping is counted by nobody: it is in the tree of its VM until an event takes it out.
    const tree = / of (vm#\d+)$/.exec(holder)?.[1];
    const vm = holder.startsWith("va#") && tree !== undefined ? books.get(tree) : undefined;
    if (vm !== undefined) {
      const inner = seen.has(vm.name) ? [] : links(machine, ledger, vm, books, new Set([...deeper, vm.name]));
      const kept = inner.filter(
        (link) => !link.again && !link.holder.startsWith("va#") && !link.holder.startsWith("vm_bo#"),
      );
      return {
        holder: `${holder} (in its tree, until an event takes it out)`,
        count,
        by: kept,
        again: false,
      };
    }
    return {
      holder,
      count,
      by: next === undefined ? [] : links(machine, ledger, next, books, deeper),
      again: false,
    };
  });
}

/** A chain as an indented list. */
export function chainText(chain: readonly Link[], depth = 1): string[] {
  return chain.flatMap(({ holder, count, by, again }) => {
    const times = count === 1 ? "" : ` (${count} references)`;
    const line = `${"  ".repeat(depth)}<- ${holder}${times}${again ? ", see above: a cycle" : ""}`;
    return [line, ...chainText(by, depth + 1)];
  });
}
