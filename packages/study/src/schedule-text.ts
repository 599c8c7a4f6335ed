import { type Subject, subjectName } from "@gpuvm/drivers";
import { ORDERS, runSchedule } from "./schedule.ts";

/** Repairs of the rule, as the fact sheet numbers them. */
export const REPAIRS: readonly { readonly id: string; readonly says: string }[] = [
  { id: "close-walks-vm", says: "(i) the close of the VM walks kernel-managed VMs, too" },
  {
    id: "ask-again",
    says: "(ii) under the locks the submit asks again whether the file still has the handle",
  },
  { id: "wait-again", says: "(iii) the wait is repeated under the locks" },
];

/** What one schedule comes to, in a few words. */
export function endOf(
  subject: Subject,
  order: (typeof ORDERS)[number],
  jobMs: number,
  repairs: ReadonlySet<string>,
): string {
  const s = runSchedule(subject, order, jobMs, repairs);
  const parts: string[] = [];
  if (s.answer !== 0) parts.push("refused");
  if (s.wait_ms > 0) parts.push(`close waits ${s.wait_ms} ms`);
  if (s.gpu_faults > 0) parts.push("GPU FAULT");
  if (s.leaked_bos > 0) parts.push("LEAK");
  return parts.length === 0 ? "ends well" : parts.join(", ");
}

/** Every order, step by step. */
export function schedulesText(subject: Subject, jobMs: number): string {
  const lines = [
    `${subjectName(subject)}: a submit races with the close of the handle that it names.`,
    "L looks the BO up, P makes its mapping and attaches its fence; W waits for fences, U tears down. L and P are one thread's, W and U another's.",
    "This is a property of the rule 'teardown at handle close', shown on the model; nothing was tried on a kernel.",
    "",
  ];
  for (const order of ORDERS) {
    const { steps } = runSchedule(subject, order, jobMs);
    const name = order === "L W U P" ? "  (W10)" : order === "L W P U" ? "  (W10b)" : "";
    lines.push(
      `${order}${name}`,
      ...steps.map(({ step, who, what }) => `  ${step.padEnd(4)}${who.padEnd(8)}${what}`),
      "",
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Orders against repairs: rows of a table, beginning with the rule as it is. */
export function repairRows(subject: Subject, jobMs: number): string[][] {
  const rows = [{ id: "", says: "the rule as it is" }, ...REPAIRS];
  return rows.map(({ id, says }) => [
    says,
    ...ORDERS.map((order) => endOf(subject, order, jobMs, new Set([id]))),
  ]);
}
