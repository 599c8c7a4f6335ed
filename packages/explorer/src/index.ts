/**
 * Explores every interleaving of a small scenario under a policy, with a failure at each fallible step if asked, and
 * shows the shortest schedule that breaks a property.
 *
 * @packageDocumentation
 */

export { actorOf, type Choice, choiceOf, failOf, formatSchedule, parseSchedule, TIME } from "./choice.ts";
export { countSchedules } from "./count.ts";
export { Fingerprint } from "./fingerprint.ts";
export { Hash } from "./hash.ts";
export type { Inversion, LockOrder } from "./lock-order.ts";
export { storyToPerfetto } from "./perfetto.ts";
export { Random } from "./random.ts";
export { type DporOptions, dpor } from "./reduction/dpor.ts";
export { Footprint } from "./reduction/footprint.ts";
export type { Finding, Limits, Progress, SearchResult } from "./result.ts";
export { type SampleOptions, sample } from "./sample.ts";
export {
  type Actor,
  type Ask,
  ask,
  type Call,
  closeFile,
  describeAsk,
  readFdinfo,
  type Scenario,
  shrink,
} from "./scenario.ts";
export { type SearchOptions, search, shortest } from "./search.ts";
export { type Block, blocksOf, type Dropped, type Shrunk, shrinkSchedule, without } from "./shrink.ts";
export { Slot } from "./slot.ts";
export { STANDARD_SCOPES, standardScopes } from "./standard.ts";
export { type Story, type StoryStep, tell } from "./story.ts";
export { formatStory } from "./table.ts";
export { formatToken, parseToken, type Token } from "./token.ts";
export { type Mistaken, type Verified, type VerifyOptions, verifyStates } from "./verify-states.ts";
export { type Violation, violationKey } from "./violation.ts";
export { Visited } from "./visited.ts";
export { runLoosely, World } from "./world.ts";
