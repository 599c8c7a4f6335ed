import { Checksum } from "../checksum.ts";
import { CoreSubject } from "../core-subject.ts";
import type { Subject } from "../subject.ts";
import { flattenIntervalTree } from "./flatten-interval-tree.ts";
import { functionalRedBlackTree } from "./functional-red-black-tree.ts";
import { jsSdsl } from "./js-sdsl.ts";
import { nodeIntervalTree } from "./node-interval-tree.ts";
import { PeerSubject } from "./peer-subject.ts";
import { sortedBtree } from "./sorted-btree.ts";
import type { PeerStore } from "./store.ts";

/** The core's place among the subjects. */
export const CORE = "@gpuvm/core";

const PEERS: readonly (() => PeerStore)[] = [
  sortedBtree,
  jsSdsl,
  flattenIntervalTree,
  nodeIntervalTree,
  functionalRedBlackTree,
];

/** What can be compared: the core, then the data structures from npm. */
export const SUBJECTS: readonly string[] = [CORE, ...PEERS.map((peer) => peer().name)];

/** An empty subject of this name. */
export function subjectNamed(name: string): Subject {
  if (name === CORE) return new CoreSubject("ops", new Checksum(false));
  const peer = PEERS[SUBJECTS.indexOf(name) - 1];
  if (peer === undefined) throw new Error(`no such subject: ${name}`);
  return new PeerSubject(peer(), new Checksum(false));
}
