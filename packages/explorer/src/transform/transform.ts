import { parse, print, RUNTIME, traverse } from "./babel.ts";
import { openCaptures } from "./captures.ts";
import { toFrames } from "./frames.ts";
import { openLoops } from "./loops.ts";
import { openPrivateFields } from "./private-fields.ts";
import { logWrites } from "./writes.ts";

/**
 * Turns a module (JavaScript) into one that does the same and can be taken back: every write is logged, private fields can be
 * come to, functions say what they capture, and generators are objects with their locals in them. `name` is how messages
 * and the states call the file: it must not depend on where the file lies.
 *
 * @throws SyntaxError what cannot be taken back, with file, line and column
 */
export function transform(source: string, name: string): string {
  let sites = hashOf(name);
  const nextSite = () => {
    sites = Math.imul(sites ^ 0x5bd1e995, 0x01000193) | 0;
    return sites >>> 1;
  };
  const file = parse(source);
  const passes = [() => openPrivateFields(file), () => openLoops(file)];
  for (const pass of passes) {
    pass();
    traverse.cache.clear();
  }
  const setters = logWrites(file, name);
  traverse.cache.clear();
  openCaptures(file, name, nextSite);
  traverse.cache.clear();
  const out = toFrames(file, name, nextSite);
  const undo = setters.map((field) => `const $set_${field} = ($at, $old) => { $at.${field} = $old; };\n`);
  return `import * as ${RUNTIME} from "@gpuvm/core/undo";\n${undo.join("")}${print(out)}\n`;
}

function hashOf(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}
