import type { BoOwnership } from "@gpuvm/core";
import type { DriverPackage } from "@gpuvm/drm-model";
import type { Ask, Scenario } from "@gpuvm/explorer";

/** A real bug as a switchable defect of its driver, with the smallest scenario that shows it. */
export interface Bug {
  /** Its number in the catalogue: `X4`. */
  readonly id: string;
  /** The fix's subject line, or what it was about. */
  readonly title: string;
  /** Where it is described: commit, CVE, issue. */
  readonly upstream: string;
  /** The driver. */
  readonly driver: DriverPackage;
  /** The variant in which the defect is switched on and off; default: the driver's own. */
  readonly variant?: string;
  /** The variant that has the defect, where it is not a switch but an old version. */
  readonly buggyVariant?: string;
  /** Names of the switches; default: the id. */
  readonly defects?: readonly string[];
  /** The ownership with which the buggy form runs, where that is the defect. */
  readonly ownership?: BoOwnership;
  /** Injected failures that it takes; default 0. */
  readonly failures?: number;
  /** What counts as finding it: kinds of violation. Anything else that turns up is reported as found by accident. */
  readonly shows: readonly string[];
  /** The calls. */
  readonly scenario: Omit<Scenario, "name" | "about" | "variant" | "options">;
}

/** The scenario of a bug, with the defect or without. */
export function scenarioOf(bug: Bug, buggy: boolean): Scenario {
  const { driver } = bug;
  const name = (buggy ? (bug.buggyVariant ?? bug.variant) : bug.variant) ?? driver.defaultVariant;
  const variant = driver.variants[name];
  if (variant === undefined) throw new Error(`${driver.name} has no variant ${name}`);
  const isSwitch = bug.buggyVariant === undefined && bug.ownership === undefined;
  const on = buggy && isSwitch ? (bug.defects ?? [bug.id]) : [];
  const ownership = buggy && bug.ownership !== undefined ? { boOwnership: bug.ownership } : {};
  return {
    ...bug.scenario,
    name: bug.id,
    about: bug.title,
    variant,
    options: { defects: new Set(on), ...ownership },
  };
}

/** One page. */
export const PAGE = 4096;

type Bind = Extract<Ask, { op: "vm_bind" }>["ops"][number];

/** A bind operation that maps `pages` pages of a buffer from its start. */
export function map(bo: number, va: number, pages = 1, boOffset = 0, flags = 0): Bind {
  return { kind: "map", bo, boOffset, va, length: pages * PAGE, flags };
}

/** A bind operation that unmaps. */
export function unmap(va: number, pages = 1, flags = 0): Bind {
  return { kind: "unmap", bo: 0, boOffset: 0, va, length: pages * PAGE, flags };
}

/** A bind call on a VM. */
export function bind(vm: number, ...ops: Bind[]): Extract<Ask, { op: "vm_bind" }> {
  return { op: "vm_bind", vm, ops };
}

/** A new buffer. */
export function bo(number: number, pages = 1, more: Partial<Extract<Ask, { op: "gem_new" }>> = {}): Ask {
  return { op: "gem_new", bo: number, size: pages * PAGE, ...more } as Ask;
}
