import { DRIVERS, type Subject, subjectName, subjectNamed } from "@gpuvm/drivers";
import { NINE } from "./nine.ts";

/** The nine ways first, then every other variant of every driver. */
export function studySubjects(): Subject[] {
  const nine = NINE.map(({ subject }) => subjectNamed(subject));
  const names = new Set(nine.map(subjectName));
  const all = DRIVERS.flatMap(({ name, variants }) =>
    Object.keys(variants).map((v) => subjectNamed(`${name}:${v}`)),
  );
  return [...nine, ...all.filter((subject) => !names.has(subjectName(subject)))];
}
