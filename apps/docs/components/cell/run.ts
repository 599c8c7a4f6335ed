import { subjectNamed } from "@gpuvm/drivers";
import { type Cell, DEFAULT_PARAMS, experimentOf, NINE, type Skipped, type Stage } from "@gpuvm/study";
import { entriesOf, locksHeld } from "../holders/behind.ts";
import { type HolderGraph, holdersOf, liveVms } from "../holders/snapshot.ts";

/** What is held after a step. */
export interface Held {
  /** Who holds whom, of a few objects. */
  readonly graph: HolderGraph;
  /** Objects that live beside those. */
  readonly more: number;
  /** Buffers of programs, VMs and mappings that live, beyond the driver's own. */
  readonly bos: number;
  readonly vms: number;
  readonly vas: number;
  /** Bytes of page tables. */
  readonly tableBytes: number;
  readonly locks: readonly string[];
  readonly entries: readonly string[];
  readonly hazards: readonly string[];
}

/** One step of the experiment behind a cell. */
export interface CellStep {
  readonly run: number;
  readonly title: string;
  readonly who: string;
  readonly what: string;
  readonly at_ms: number;
  readonly waited_ms: number;
  readonly seen: Held;
}

/** The experiment behind a cell, as it is shown. */
export interface Shown {
  readonly title: string;
  readonly does: string;
  readonly variant: string;
  readonly models: string;
  /** The outcome in a sentence, and under the other ownership; empty where the word says all. */
  readonly says: string;
  readonly triedSays: string;
  readonly cell: Cell | Skipped;
  readonly steps: readonly CellStep[];
}

/** Objects and entries that are shown one by one: a picture is for two, and who reads more needs the command. */
const FEW = 2;
/** Holders of one kind that are drawn for one object. */
const HOLDERS = 3;
const LINES = 8;
/** Mappings, above which of each object a few are drawn. */
const MANY = 12;

/** Runs the experiment behind a cell, with what the table was made with. */
export function runCell(workload: string, way: string): Shown {
  const name = NINE.find(({ id }) => id === way)?.subject ?? way;
  const subject = subjectNamed(name);
  const {
    cell,
    steps,
    workload: { title, does, says },
  } = experimentOf(workload, subject, DEFAULT_PARAMS, look);
  const tried = "outcome" in cell ? cell.tried : null;
  return {
    title,
    does,
    variant: name,
    models: subject.variant.policy.models,
    says: "outcome" in cell ? (says?.(cell.outcome) ?? "") : "",
    triedSays: tried === null ? "" : `held ${tried.ownership}: ${says?.(tried.outcome) ?? tried.word}`,
    cell,
    steps,
  };
}

function look(stage: Stage): Held {
  const { machine, objects } = stage;
  const bos = few(objects);
  const vms = few(liveVms(machine).filter(({ file }) => file >= 0));
  const { vas, vms: leftVms } = stage.left();
  return {
    graph: holdersOf(machine, bos, vms, objects.length > bos.length || vas > MANY, HOLDERS),
    more: objects.length - bos.length,
    bos: objects.length,
    vms: leftVms,
    vas,
    tableBytes: machine.counts.tableBytesNow,
    locks: locksHeld(machine),
    entries: entriesOf(machine, bos).slice(0, LINES),
    hazards: machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`),
  };
}

/** All of a few, or else the oldest and the newest. */
function few<T>(all: readonly T[]): T[] {
  return all.length <= FEW ? [...all] : [...all.slice(0, 1), ...all.slice(-1)];
}
