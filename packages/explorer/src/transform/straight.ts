/*
 * The model's calls are generators, so that whoever runs them can stop each where the kernel could. A replay never stops one:
 * a call runs to its end, and where it must wait the others go on until it can. There a call may as well be a plain function
 * that waits where it stands, which takes about half of the time. This makes one of the other; nothing else is touched:
 *
 *     function* f(): Steps<Errno> {                      function f() {
 *       if (dev.stopsAt(lock, "f")) yield dev.point;       if (dev.stopsAt(lock, "f")) dev.pass();
 *       return yield* g();                                 return g();
 *     }                                                  }
 */

/** The star of a generator, behind `function` or before a method's name. */
const STAR = /\bfunction\*(?= )|^(?<indent>[ ]+(?:static |override )*)\*(?=#?[\w$]+[(<])/gm;

/** A module in TypeScript with its calls as plain functions. Generators that are declared as such, and not as `Steps`, stay. */
export function straight(source: string): string {
  return source
    .replace(STAR, (star, ...more) => {
      const head = behindParameters(source, (more.at(-3) as number) + star.length);
      return /^(?:: (?!Generator<)| \{)/.test(head) ? star.slice(0, -1) : star;
    })
    .replace(/\byield\* /g, "")
    .replace(/\byield ([\w.#]+)\.point\b/g, "$1.pass()");
}

/** What comes behind the next pair of brackets: of a function the type that it returns, or its body. */
function behindParameters(source: string, from: number): string {
  let depth = 0;
  for (let at = source.indexOf("(", from); at < source.length; at++) {
    if (source[at] === "(") depth++;
    else if (source[at] === ")" && --depth === 0) return source.slice(at + 1, at + 20);
  }
  return "";
}
