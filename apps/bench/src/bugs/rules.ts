/** What one form of a rule comes to. */
export interface RuleRow {
  /** The rule, or the repair. */
  readonly rule: string;
  /** What was found when it was explored to the end. */
  readonly outcome: string;
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
  readonly run: () => RuleResult;
}

/** The rules. */
export const RULES: readonly Rule[] = [];
