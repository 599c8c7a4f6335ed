/**
 * Counts the steps of matching and searching in text, so that a test can compare two sizes without a clock.
 *
 * Regular expressions run on a plain backtracking matcher, as engines without a special case have it, and every character
 * that it looks at is a step. Searches in strings cost what they pass over.
 */
import { type AST, parseRegExpLiteral } from "@eslint-community/regexpp";

let steps = 0;

type Next = (at: number) => number;
type Matcher = (text: string, at: number, groups: (string | undefined)[], next: Next) => number;
const NO = -1;

/** Runs something and gives how many steps it took. */
export async function countSteps(act: () => Promise<void> | void): Promise<number> {
  const restore = patch();
  steps = 0;
  try {
    await act();
    return steps;
  } finally {
    restore();
  }
}

function patch(): () => void {
  const undo: (() => void)[] = [];
  const replace = (
    proto: object,
    name: string,
    by: (plain: (...args: never[]) => unknown) => unknown,
  ): void => {
    const own = Object.getOwnPropertyDescriptor(proto, name) as PropertyDescriptor;
    Object.defineProperty(proto, name, { ...own, value: by(own.value as never) });
    undo.push(() => Object.defineProperty(proto, name, own));
  };
  const cache = new Map<string, Compiled>();
  replace(
    RegExp.prototype,
    "exec",
    () =>
      function (this: RegExp, text: string): RegExpExecArray | null {
        const key = String(this);
        let compiled = cache.get(key);
        if (compiled === undefined) {
          compiled = compile(this.source, this.flags);
          cache.set(key, compiled);
        }
        return run(this, compiled, String(text));
      },
  );
  for (const name of ["indexOf", "includes", "lastIndexOf"]) {
    replace(
      String.prototype,
      name,
      (plain) =>
        function (this: string, ...args: never[]): unknown {
          const found = plain.apply(this as never, args);
          const from =
            typeof args[1] === "number" ? (args[1] as number) : name === "lastIndexOf" ? this.length : 0;
          const to =
            typeof found === "number" && found >= 0 ? found : name === "lastIndexOf" ? 0 : this.length;
          steps += 1 + Math.abs(to - from);
          return found;
        },
    );
  }
  for (const name of ["trim", "trimStart", "trimEnd", "split", "replace", "replaceAll", "normalize"]) {
    replace(
      String.prototype,
      name,
      (plain) =>
        function (this: string, ...args: never[]): unknown {
          steps += 1 + this.length;
          return plain.apply(this as never, args);
        },
    );
  }
  return () => {
    for (const one of undo.reverse()) one();
  };
}

interface Compiled {
  readonly matcher: Matcher;
  readonly groups: number;
  readonly anchored: boolean;
}

function run(regexp: RegExp, { matcher, groups, anchored }: Compiled, text: string): RegExpExecArray | null {
  const { global, sticky } = regexp;
  const from = global || sticky ? regexp.lastIndex : 0;
  for (let at = from; at <= text.length; at++) {
    const found: (string | undefined)[] = Array.from({ length: groups + 1 }, () => undefined);
    const end = matcher(text, at, found, (to) => to);
    if (end !== NO) {
      found[0] = text.slice(at, end);
      if (global || sticky) regexp.lastIndex = end;
      return Object.assign(found, {
        index: at,
        input: text,
        groups: undefined,
      }) as unknown as RegExpExecArray;
    }
    if (sticky || anchored) break;
  }
  if (global || sticky) regexp.lastIndex = 0;
  return null;
}

function compile(source: string, flags: string): Compiled {
  const { pattern } = parseRegExpLiteral(`/${source}/${flags}`);
  const of = new Compiler(flags);
  const anchored =
    !flags.includes("m") &&
    pattern.alternatives.every(
      ({ elements: [first] }) => first?.type === "Assertion" && first.kind === "start",
    );
  return { matcher: of.alternatives(pattern.alternatives), groups: of.groups, anchored };
}

class Compiler {
  groups = 0;
  readonly #fold: boolean;
  readonly #lines: boolean;

  constructor(flags: string) {
    this.#fold = flags.includes("i");
    this.#lines = flags.includes("m");
  }

  alternatives(all: readonly AST.Alternative[]): Matcher {
    const matchers = all.map(({ elements }) => this.#sequence(elements));
    return (text, at, groups, next) => {
      for (const matcher of matchers) {
        const end = matcher(text, at, groups, next);
        if (end !== NO) return end;
      }
      return NO;
    };
  }

  #sequence(elements: readonly AST.Element[]): Matcher {
    return elements
      .map((element) => this.#element(element))
      .reduceRight<Matcher>(
        (rest, first) => (text, at, groups, next) =>
          first(text, at, groups, (to) => rest(text, to, groups, next)),
        (_text, at, _groups, next) => next(at),
      );
  }

  #element(element: AST.Element): Matcher {
    switch (element.type) {
      case "Character":
      case "CharacterSet":
      case "CharacterClass": {
        const has = this.#set(element);
        return (text, at, _groups, next) => (has(text, at) ? next(at + 1) : NO);
      }
      case "Group":
        return this.alternatives(element.alternatives);
      case "CapturingGroup": {
        const number = ++this.groups;
        const inner = this.alternatives(element.alternatives);
        return (text, at, groups, next) =>
          inner(text, at, groups, (to) => {
            const before = groups[number];
            groups[number] = text.slice(at, to);
            const end = next(to);
            if (end === NO) groups[number] = before;
            return end;
          });
      }
      case "Assertion":
        return this.#assertion(element);
      case "Quantifier":
        return this.#quantifier(element);
      default:
        throw new Error(`${element.type} is not counted: add it to this matcher`);
    }
  }

  #set(
    element: AST.Character | AST.CharacterSet | AST.CharacterClass,
  ): (text: string, at: number) => boolean {
    // The engine says what is in the set; that it looked is what counts.
    const one = new RegExp(`^(?:${element.raw})`, this.#fold ? "i" : "");
    const known = new Map<string, boolean>();
    const plain = nativeExec;
    return (text, at) => {
      steps++;
      const char = text[at];
      if (char === undefined) return false;
      let has = known.get(char);
      if (has === undefined) {
        has = plain.call(one, char) !== null;
        known.set(char, has);
      }
      return has;
    };
  }

  #assertion(element: AST.Assertion): Matcher {
    if (element.kind === "lookahead") {
      const inner = this.alternatives(element.alternatives);
      return (text, at, groups, next) => {
        const holds = inner(text, at, groups, (to) => to) !== NO;
        return holds === element.negate ? NO : next(at);
      };
    }
    const word = (char: string | undefined): boolean =>
      char !== undefined && nativeExec.call(/^\w/, char) !== null;
    const newline = (char: string | undefined): boolean => char === "\n" || char === "\r";
    return (text, at, _groups, next) => {
      steps++;
      const [before, after] = [text[at - 1], text[at]];
      const holds =
        element.kind === "start"
          ? before === undefined || (this.#lines && newline(before))
          : element.kind === "end"
            ? after === undefined || (this.#lines && newline(after))
            : (word(before) !== word(after)) !== (element as AST.WordBoundaryAssertion).negate;
      return holds ? next(at) : NO;
    };
  }

  #quantifier({ element, min, max, greedy }: AST.Quantifier): Matcher {
    if (
      element.type === "Character" ||
      element.type === "CharacterSet" ||
      element.type === "CharacterClass"
    ) {
      const has = this.#set(element);
      return (text, at, _groups, next) => {
        if (greedy) {
          let to = at;
          while (to - at < max && has(text, to)) to++;
          for (; to - at >= min; to--) {
            const end = next(to);
            if (end !== NO) return end;
          }
          return NO;
        }
        let to = at;
        while (to - at < min) if (!has(text, to++)) return NO;
        for (; ; to++) {
          const end = next(to);
          if (end !== NO || to - at >= max || !has(text, to)) return end;
        }
      };
    }
    const once = this.#element(element as AST.Element);
    const times =
      (done: number): Matcher =>
      (text, at, groups, next) => {
        const more = (): number =>
          done < max
            ? once(text, at, groups, (to) => (to === at ? NO : times(done + 1)(text, to, groups, next)))
            : NO;
        const stop = (): number => (done >= min ? next(at) : NO);
        const first = greedy ? more() : stop();
        return first !== NO ? first : greedy ? stop() : more();
      };
    return times(0);
  }
}

const nativeExec = RegExp.prototype.exec;
