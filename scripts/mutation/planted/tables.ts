import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in the rows of mappings and the index over them. */
export const TABLES: readonly Mutant[] = [
  ...inFile("va-table.ts", [
    ["link: the one before does not lead on", "    else w[(tail & ROWS) * W + NEXT] = va;\n", ""],
    ["link at the head", "    list.vaTail = va;\n", ""],
    ["link is not counted", "    list.vaCount++;\n", ""],
    ["unlink: the one before leads to it", "    else w[(prev & ROWS) * W + NEXT] = next;\n", ""],
    ["unlink: the one behind leads back to it", "    else w[(next & ROWS) * W + PREV] = prev;\n", ""],
    [
      "unlink of the first leaves the head",
      "    if (prev === 0) list.vaHead = next;\n    else w",
      "    if (prev !== 0) w",
    ],
    [
      "unlink of the last leaves the tail",
      "    if (next === 0) list.vaTail = prev;\n    else w",
      "    if (next !== 0) w",
    ],
    ["a linked row may be given back", " !== ALLOCATED || (w[at + OWNER] as number) < 0)", " !== ALLOCATED)"],
    ["a freed row stays allocated", "    w[at + STATE] = 0;\n", ""],
  ]),
  ...inFile("block-index.ts", [
    ["insert: the one before may overlap", "if (before !== 0 && (f[left", "if (before === -1 && (f[left"],
    [
      "insert: the one behind may overlap",
      "return this.nextBelow() === 0 ? this.here() : -1;",
      "return this.here();",
    ],
    [
      "insert: the one behind may overlap, beside the cursor",
      "      this.bound > (keys[(leaf",
      "      key > (keys[(leaf",
    ],
    [
      "insert: the one behind may overlap, one back",
      "bound <= (keys[base + owner] as number)",
      "key < (keys[base + owner] as number)",
    ],
    [
      "insert: abutting before is an overlap",
      "(f[left + 1] as number) > key) return false;",
      "(f[left + 1] as number) >= key) return false;",
    ],
    [
      "insert: abutting behind is an overlap",
      "      this.bound > (keys[(leaf",
      "      this.bound >= (keys[(leaf",
    ],
    ["the cursor is trusted before a leaf's first entry", "      before === 0 ||\n", ""],
    ["one back is trusted before a leaf's first entry", "      if (id !== 0) {\n", "      {\n"],
    [
      "the cursor is trusted behind its key",
      "      (keys[(leaf << LEAF_SHIFT) + pos] as number) > key ||\n",
      "",
    ],
    ["one back is trusted whatever its key", "(keys[base + back] as number) <= key && bound", "bound"],
    [
      "an insert is not counted",
      "    this.changes = (this.changes + 1) | 0;\n    return true;",
      "    return true;",
    ],
    [
      "a remove is not counted",
      "    this.removed = (this.removed + 1) | 0;\n    const count",
      "    const count",
    ],
    [
      "a replacement counts as an insert",
      "    this.changes = (this.changes + 2) | 0;\n    this.removed = (this.removed + 1) | 0;\n",
      "    this.changes = (this.changes + 1) | 0;\n",
    ],
    [
      "a replacement leaves the old one in gaps",
      "i <= pos; i++)\n      words[ids + i] = by;",
      "i < pos; i++)\n      words[ids + i] = by;",
    ],
    [
      "a replacement trusts the cursor",
      "  replace(id: Gpuva, by: Gpuva): void {\n    if (this.current() !== id) this.goTo(id);\n",
      "  replace(id: Gpuva, by: Gpuva): void {\n",
    ],
    ["a remove leaves its bit", "const left = bits & ~(1 << owner);", "const left = bits;"],
    [
      "a remove leaves its key in the gap",
      "      keys[base + i] = key;\n      words[ids + i] = before;\n    }\n    const left",
      "      words[ids + i] = before;\n    }\n    const left",
    ],
    [
      "sharing leaves the node's key, to the right",
      "        this.nodes.keys[at + 1] = this.leaves.firstKey(right);\n",
      "",
    ],
    [
      "sharing leaves the node's key, to the left",
      "        this.nodes.keys[at] = this.leaves.firstKey(leaf);\n",
      "",
    ],
    [
      "a split leaves the new leaf's place to the old",
      "this.slot + 1, first, fresh);",
      "this.slot, first, fresh);",
    ],
    ["a node's split leaves the cursor", "      this.slot -= keep;\n", ""],
    ["a joined leaf is not taken out", "      this.nodes.remove(node, this.slot + 1);\n", ""],
    ["an empty node stays on top", "      this.topKeys[--this.topCount] = Number.POSITIVE_INFINITY;\n", ""],
    [
      "a node's first leaf goes, its key stays",
      "      this.nodes.keys[node << NODE_SHIFT] = this.topKeys[this.top] as number;\n",
      "",
    ],
    ["the top does not grow", "if (this.topCount + padding >= this.topKeys.length) this.#growTop();", ""],
  ]),
  ...inFile("index-cursor.ts", [
    [
      "the search misses the last eighth of a leaf",
      "        +((k[base + 24] as number) <= key)) <<",
      "        0) <<",
    ],
    [
      "the search misses the last eighth of a node",
      "        +((m[node + 56] as number) <= key)) <<",
      "        0) <<",
    ],
    ["the search takes keys below only", "+((k[r + 7] as number) <= key);", "+((k[r + 7] as number) < key);"],
    ["the floor of a leaf before is not looked for", "return id === 0 ? this.before() : id;", "return id;"],
    [
      "nextBelow takes the bound",
      "(pos & LAST) + 1] as number) < this.bound\n",
      "(pos & LAST) + 1] as number) <= this.bound\n",
    ],
    [
      "nextBelow takes the bound, in the leaf behind",
      "+ slot] as number) < this.bound\n",
      "+ slot] as number) <= this.bound\n",
    ],
    [
      "a mapping that ends where the query begins",
      "<= this.key) return this.nextBelow()",
      "< this.key) return this.nextBelow()",
    ],
    [
      "a mapping that begins where the query ends",
      "return (f[at] as number) < this.bound",
      "return (f[at] as number) <= this.bound",
    ],
    [
      "the one behind is not where one goes",
      "+ 1] === id)\n      this.advance();",
      "+ 1] === id)\n      this.seek();",
    ],
    ["each: goes on in a leaf that has changed", "left !== 0 && this.changes === changes;", "left !== 0;"],
    [
      "each: a leaf's last is left out",
      "        fn(id);\n        id = next;\n      }\n      if (this.#givenUp)",
      "        id = next;\n      }\n      if (this.#givenUp)",
    ],
    ["each: goes on in an index that was given up", "if (this.#givenUp) return id;", ""],
    ["each: does not find its place again", "if (id !== 0 && this.current() !== id) this.goTo(id);", ""],
    ["each: forgets where it was when a call looked around", "        this.leaf = leaf;\n", ""],
  ]),
  ...inFile("leaf-store.ts", [
    ["shared one off", "this.#scatter(left, 0, n);", "this.#scatter(left, 0, n - 1);"],
    ["the last of a leaf is lost", "left !== 0; left &= left - 1", "left > 0; left &= left - 1"],
    [
      "a grown store forgets",
      "enlarged(this.words, capacity * WORDS, quarantine)",
      "new Int32Array(capacity * WORDS)",
    ],
  ]),
  ...inFile("node-store.ts", [
    ["what is left behind is not padded", "    keys.fill(Number.POSITIVE_INFINITY, src, end);\n", ""],
    ["a removed key stays", "    this.keys[end - 1] = Number.POSITIVE_INFINITY;\n", ""],
    ["a moved tail is one off", "counts[to] = end - src;", "counts[to] = end - src - 1;"],
  ]),
  ...inFile("enlarged.ts", [
    ["quarantine takes what others gave up", "apart ? undefined : keptBuffers", "keptBuffers"],
    ["quarantine gives up", "if (!apart && buffer", "if (buffer"],
  ]),
  ...inFile("kept-buffers.ts", [
    ["more is kept than there is room for", "    if (this.#bytes + bytes > ROOM) return;\n", ""],
  ]),
];
