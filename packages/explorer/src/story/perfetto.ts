import type { Story } from "./story.ts";

/** A counterexample in the Chrome trace format, which Perfetto opens: a track for each actor, a millisecond for each step. */
export function storyToPerfetto(story: Story): string {
  const events: unknown[] = [{ ph: "M", pid: 1, name: "process_name", args: { name: "counterexample" } }];
  story.actors.forEach((name, tid) => {
    events.push({ ph: "M", pid: 1, tid: tid + 1, name: "thread_name", args: { name } });
  });
  story.steps.forEach((step, i) => {
    events.push({
      ph: "X",
      pid: 1,
      tid: story.actors.indexOf(step.actor) + 1,
      ts: i * 1000,
      dur: 900,
      name: step.call,
      args: {
        step: i + 1,
        stops: step.stops,
        result: step.result,
        failed: step.failed,
        changes: step.changes,
      },
    });
  });
  const { violation } = story;
  if (violation !== null) {
    const ts = story.steps.length * 1000;
    events.push({ ph: "i", s: "g", pid: 1, tid: 1, ts, name: `${violation.kind}: ${violation.message}` });
  }
  return JSON.stringify({ traceEvents: events, displayTimeUnit: "ms" });
}
