import type { ReferencePolicy, TeardownEventId } from "@gpuvm/core";
import { onlyHandleClose, purposesOf, reaches } from "./what-breaks-it.ts";
import { eventName, listed, purposeName } from "./words.ts";

/** What follows from a policy's edges and events, beside its reference loops: what outlives what, and who waits. */
export function consequencesOf(policy: ReferencePolicy): string[] {
  const out: string[] = [];
  const inPrograms = policy.teardown.filter((event) => reaches(event, "program"));
  const has = (id: TeardownEventId) => inPrograms.some((event) => event.id === id);
  const counted = policy.edges.some((e) => e.from === "vm_bo" && e.to === "BO" && e.kind === "counted");
  const holdsVm = policy.edges.some((e) => e.from === "VA" && e.to === "VM" && e.kind === "counted");
  if (counted && !has("handle-close") && !has("request-retire")) {
    const ends = inPrograms.filter(({ id }) => id !== "bo-free" && id !== "vm_bo-drain");
    const until =
      ends.length === 0
        ? "for good"
        : `until ${listed(
            ends.map(({ id }) => eventName(id)),
            "or",
          )}`;
    out.push(`Closing the last handle of a mapped object frees nothing: it stays ${until}.`);
  }
  const endsWithFile: readonly TeardownEventId[] = [
    "handle-close",
    "vm-close",
    "file-close",
    "request-retire",
  ];
  if (!counted && holdsVm && !endsWithFile.some(has)) {
    out.push("A VM outlives its program for as long as anybody keeps one object that was mapped in it.");
  }
  const drain = policy.teardown.find(({ id }) => id === "vm_bo-drain");
  if (drain !== undefined) {
    out.push(
      `A link outlives its last mapping, and keeps object and VM, until the drain: ${drain.tearsDown} (${drain.source}).`,
    );
  }
  for (const event of policy.teardown) {
    if (event.waitsFor === null || event.id === "vm_bo-drain") continue;
    out.push(`${capital(eventName(event.id))} waits for ${event.waitsFor} (${event.source}).`);
  }
  for (const purpose of purposesOf(policy)) {
    if (onlyHandleClose(policy, purpose)) {
      out.push(
        `In ${purposeName(purpose)} a handle's close is the only event that is sure to come, and it comes once: a mapping made after it is not torn down by it (study: W10).`,
      );
    }
  }
  if (policy.teardown.some((event) => event.id === "unpin" && reaches(event, "scanout"))) {
    out.push("Every page flip that unpins a framebuffer unmaps it, and the next one maps it again.");
  }
  return out;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
