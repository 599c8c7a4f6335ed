/**
 * Explores every interleaving of a small scenario under a policy, with a failure at each fallible step if asked, and
 * shows the shortest schedule that breaks a property.
 *
 * @packageDocumentation
 */

export {
  actorOf,
  type Choice,
  choiceOf,
  failOf,
  formatSchedule,
  parseSchedule,
  TIME,
} from "./engine/choice.ts";
export { NotTransformed } from "./engine/in-place.ts";
export { Slot } from "./engine/slot.ts";
export { runLoosely, World } from "./engine/world.ts";
export { refusesAlone } from "./generator/refused.ts";
export type { Inversion, LockOrder } from "./properties/lock-order.ts";
export { type Violation, violationKey } from "./properties/violation.ts";
export { type DporOptions, dpor } from "./reduction/dpor.ts";
export { Footprint } from "./reduction/footprint.ts";
export {
  type Actor,
  type Ask,
  ask,
  type Call,
  closeFile,
  describeAsk,
  exitProgram,
  faultGpu,
  handOver,
  hangGpu,
  killProgram,
  migratePages,
  munmap,
  readFdinfo,
  type Scenario,
  type ScenarioRun,
  shrink,
} from "./scenario/scenario.ts";
export { generatedScopes, largeScopes, STANDARD_SCOPES, standardScopes } from "./scenario/standard.ts";
export { countSchedules } from "./search/count.ts";
export { Coverage, type Covered, LISTS, neverReached, reached } from "./search/coverage.ts";
export type { SearchOptions } from "./search/options.ts";
export { Random } from "./search/random.ts";
export type { Finding, Limits, Progress, SearchResult, Seen } from "./search/result.ts";
export { type SampleOptions, sample } from "./search/sample.ts";
export { search, shortest } from "./search/search.ts";
export { type VerifiedScenario, type VerifyHow, verify } from "./search/verify.ts";
export { type Mistaken, type Verified, type VerifyOptions, verifyStates } from "./search/verify-states.ts";
export { type VerifiedUndo, type VerifyUndoOptions, verifyUndo } from "./search/verify-undo.ts";
export { Fingerprint } from "./state/fingerprint.ts";
export { Hash } from "./state/hash.ts";
export { Visited } from "./state/visited.ts";
export { storyToPerfetto } from "./story/perfetto.ts";
export { type Block, blocksOf, type Dropped, type Shrunk, shrinkSchedule, without } from "./story/shrink.ts";
export { type Onlooker, type Story, type StoryStep, tell } from "./story/story.ts";
export { formatStory } from "./story/table.ts";
export { formatToken, parseToken, type Token } from "./story/token.ts";
export { type Common, newCommon } from "./together/common.ts";
export { conclude } from "./together/conclude.ts";
export { type Part, type PartOptions, searchPart } from "./together/part.ts";
