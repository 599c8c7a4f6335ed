import type { DriverOptions, DriverPackage } from "@gpuvm/drm-model";
import { type Actor, ask, type Call, type Scenario, search } from "@gpuvm/explorer";
import { msm } from "@gpuvm/policy-msm";
import { bo } from "./bug.ts";

/** What one form of a rule comes to. */
export interface RuleRow {
  /** The rule, or the repair. */
  readonly rule: string;
  /** What was found when every order was gone through; `clean`: nothing. */
  readonly outcome: string;
  /** Kinds of what was found, sorted. */
  readonly kinds: readonly string[];
  /** Distinct states. */
  readonly states: number;
}

/** A property of a rule, not of a line of code: shown on the model, with the repairs that were tried. */
export interface RuleResult {
  readonly id: string;
  readonly title: string;
  readonly rows: readonly RuleRow[];
  /** Every row came out as it should. */
  readonly asExpected: boolean;
}

/** A rule to be examined. */
export interface Rule {
  readonly id: string;
  /** Explores every form of it. */
  readonly run: () => RuleResult;
}

/** One form of a rule: a variant with or without a repair, and the kinds of violation that it has. */
interface Form {
  readonly rule: string;
  readonly driver: DriverPackage;
  readonly variant: string;
  readonly repair?: string;
  readonly expect: readonly string[];
}

const SUBMIT = { op: "submit", queue: 0, bos: [1], writes: [0], cmds: 1 } as const;

const W10_FORMS: readonly Form[] = [
  {
    rule: "teardown at handle close (6.17)",
    driver: msm,
    variant: "mainline",
    expect: ["gpu-fault", "leak"],
  },
  {
    rule: "  repair: VM close walks its mappings",
    driver: msm,
    variant: "mainline",
    repair: "close-walks-vm",
    expect: ["gpu-fault"],
  },
  {
    rule: "  repair: submit asks for the handle again",
    driver: msm,
    variant: "mainline",
    repair: "ask-again",
    expect: [],
  },
  {
    rule: "  repair: close waits again under the locks",
    driver: msm,
    variant: "mainline",
    repair: "wait-again",
    expect: ["leak"],
  },
  { rule: "the object owns its mappings (before)", driver: msm, variant: "before", expect: [] },
  { rule: "weak links, teardown at free only (soft-pure)", driver: msm, variant: "soft-pure", expect: [] },
  {
    rule: "weak links, teardown at handle close too (v4)",
    driver: msm,
    variant: "soft",
    expect: ["gpu-fault"],
  },
];

/** Asks whether the mapping that the program uses through its first handle is still there. */
const look: Call = {
  label: "look: is bo 1 still mapped?",
  *run(world) {
    const record = world.machine.vms.find(({ purpose }) => purpose === "program");
    if (record?.mappings === 0) world.bag.set("gone", true);
    return 0;
  },
};

const W14_FORMS: readonly Form[] = [
  { rule: "teardown at handle close (6.17)", driver: msm, variant: "mainline", expect: ["wrong"] },
  {
    rule: "  repair: VM close walks its mappings",
    driver: msm,
    variant: "mainline",
    repair: "close-walks-vm",
    expect: ["wrong"],
  },
  {
    rule: "  repair: submit asks for the handle again",
    driver: msm,
    variant: "mainline",
    repair: "ask-again",
    expect: ["wrong"],
  },
  {
    rule: "  repair: close waits again under the locks",
    driver: msm,
    variant: "mainline",
    repair: "wait-again",
    expect: ["wrong"],
  },
  { rule: "the object owns its mappings (before)", driver: msm, variant: "before", expect: [] },
  { rule: "weak links, teardown at free only (soft-pure)", driver: msm, variant: "soft-pure", expect: [] },
  { rule: "weak links, teardown at handle close too (v4)", driver: msm, variant: "soft", expect: ["wrong"] },
];

/** A submit of a buffer while another thread closes its handle. */
const submitAndClose: readonly Actor[] = [
  { name: "submit", calls: [ask(0, SUBMIT)] },
  { name: "close", calls: [ask(0, { op: "gem_close", bo: 1 })] },
];

/** The second of two handles of one buffer is closed. */
const closeSecond: readonly Actor[] = [
  { name: "program", calls: [ask(0, { op: "gem_close", bo: 2 }), look] },
];

/** The rules, each explored to the end in each form. */
export const RULES: readonly Rule[] = [
  {
    id: "W10",
    run: () =>
      examine("W10", "a submit races with the close of the handle that it names", W10_FORMS, (form) => ({
        ...formOf(form),
        setup: (w) => w.must(0, bo(1), { op: "get_iova", bo: 1 }),
        actors: submitAndClose,
      })),
  },
  {
    id: "W14",
    run: () =>
      examine("W14", "one of two handles of a file to the same buffer is closed", W14_FORMS, (form) => ({
        ...formOf(form),
        setup(w) {
          w.must(0, bo(1), { op: "get_iova", bo: 1 });
          const again = w.driver.prime?.openAgain?.(w.file(0), 1, 2);
          if (again !== undefined) w.machine.call(again);
        },
        actors: closeSecond,
        check: (w) => (w.bag.get("gone") === true ? "the mapping is gone although a handle is open" : null),
      })),
  },
];

function formOf({ driver, variant, repair }: Form): Omit<Scenario, "actors"> {
  const found = driver.variants[variant];
  if (found === undefined) throw new Error(`${driver.name} has no variant ${variant}`);
  const options: DriverOptions = repair === undefined ? {} : { repairs: new Set([repair]) };
  return { name: variant, about: "", variant: found, options };
}

function examine(
  id: string,
  title: string,
  forms: readonly Form[],
  make: (form: Form) => Scenario,
): RuleResult {
  let asExpected = true;
  const rows = forms.map((form): RuleRow => {
    const result = search(make(form), { order: "dfs" });
    const kinds = [...new Set(result.findings.map((f) => f.violation.kind))].sort();
    if (kinds.join() !== form.expect.join() || result.bound !== null) asExpected = false;
    return { rule: form.rule, outcome: outcome(kinds), kinds, states: result.states };
  });
  return { id, title, rows, asExpected };
}

function outcome(kinds: readonly string[]): string {
  if (kinds.length === 0) return "clean";
  return kinds.map((kind) => MEANING[kind] ?? kind).join(" and ");
}

const MEANING: Readonly<Record<string, string>> = {
  leak: "mapping made after the last event that tears it down: leak",
  "gpu-fault": "mapping removed under a queued job",
  wrong: "mapping removed although a handle is open",
};
