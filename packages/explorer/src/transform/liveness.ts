import type { types } from "@babel/core";
import { type Expression, type Node, RUNTIME, t } from "./babel.ts";

/** One case of a state machine: what it reads before it writes it, what it writes in any event, and where it may go. */
interface Case {
  readonly number: number;
  readonly reads: Set<string>;
  readonly writes: Set<string>;
  readonly next: Set<number>;
  /** Where a stop in it goes on. */
  readonly stops: Set<number>;
  /** Where it jumps to, by way of each `finally` around it. */
  readonly jumps: Set<number>;
  /** It is the end of a `finally`: the number that it begins with. */
  ends: number | null;
  /** It may go anywhere. */
  anywhere: boolean;
}

/** `[first, catch, finally, behind]` of a `try`. */
type Region = readonly (number | undefined)[];

/**
 * Which locals of a call can still be read, by the case that it goes on with: a variable that is written again before it is read
 * is no part of the state. Null: the body is no state machine, so all of them.
 */
export function liveLocals(
  body: Expression,
  tries: Expression | undefined,
  names: readonly string[],
): Map<number, readonly string[]> | null {
  const machine = machineOf(body);
  if (machine === null) return null;
  const known = new Set(names);
  const always = new Set<string>();
  const cases = machine.cases.map((at) => caseOf(at, known, always));
  for (const [i, at] of cases.entries()) {
    const last = machine.cases[i]?.consequent.at(-1);
    const leaves = t.isReturnStatement(last) || t.isBreakStatement(last) || t.isThrowStatement(last);
    const behind = cases[i + 1];
    if (!leaves && behind !== undefined) at.next.add(behind.number);
  }
  const regions = regionsOf(tries);
  for (const at of cases) if (at.ends !== null) leaveFinally(at, cases, regions);
  const handlers = handlersOf(regions);
  const live = settle(cases, handlers);
  const out = new Map<number, readonly string[]>();
  for (const { number } of cases) {
    const all = new Set([...(live.get(number) ?? []), ...always]);
    // A call that it waits for may throw: then it goes on where the case before it says.
    for (const from of cases)
      if (from.stops.has(number) || from.anywhere)
        for (const handler of handlers(from.number))
          for (const name of live.get(handler) ?? []) all.add(name);
    out.set(
      number,
      names.filter((name) => all.has(name)),
    );
  }
  return out;
}

function machineOf(body: Expression): types.SwitchStatement | null {
  if (!t.isFunction(body) || !t.isBlockStatement(body.body)) return null;
  const [loop] = body.body.body;
  return body.body.body.length === 1 && t.isWhileStatement(loop) && t.isSwitchStatement(loop.body)
    ? loop.body
    : null;
}

function regionsOf(tries: Expression | undefined): readonly Region[] {
  if (!t.isArrayExpression(tries)) return [];
  return tries.elements.map((entry) =>
    (entry as types.ArrayExpression).elements.map((part) =>
      t.isNumericLiteral(part) ? part.value : undefined,
    ),
  );
}

/** Behind a `finally` it goes on behind the block, or where somebody in the block was about to jump to. */
function leaveFinally(at: Case, cases: readonly Case[], regions: readonly Region[]): void {
  for (const [first = 0, , onFinally, behind] of regions) {
    if (onFinally !== at.ends) continue;
    if (behind === undefined) at.anywhere = true;
    else at.next.add(behind);
    for (const { number, jumps } of cases)
      if (number >= first && number < onFinally) for (const to of jumps) at.next.add(to);
  }
}

/** Where an error in a case may lead, and a jump out of it. */
function handlersOf(regions: readonly Region[]): (number: number) => readonly number[] {
  return (number) =>
    regions.flatMap(([first = 0, onCatch, onFinally]) => {
      if (number < first) return [];
      const out: number[] = [];
      if (onCatch !== undefined && number < onCatch) out.push(onCatch);
      if (onFinally !== undefined && number < onFinally) out.push(onFinally);
      return out;
    });
}

/** What is live where each case begins. */
function settle(
  cases: readonly Case[],
  handlers: (number: number) => readonly number[],
): Map<number, Set<string>> {
  const live = new Map(cases.map(({ number, reads }) => [number, new Set(reads)]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const at of cases.toReversed()) {
      const mine = live.get(at.number) as Set<string>;
      const before = mine.size;
      const next = at.anywhere ? cases.map(({ number }) => number) : at.next;
      for (const number of next)
        for (const name of live.get(number) ?? []) if (!at.writes.has(name)) mine.add(name);
      for (const number of handlers(at.number)) for (const name of live.get(number) ?? []) mine.add(name);
      if (mine.size > before) changed = true;
    }
  }
  return live;
}

function caseOf(node: types.SwitchCase, known: ReadonlySet<string>, always: Set<string>): Case {
  const at: Case = {
    number: (node.test as types.NumericLiteral).value,
    reads: new Set(),
    writes: new Set(),
    next: new Set(),
    stops: new Set(),
    jumps: new Set(),
    ends: null,
    anywhere: false,
  };
  for (const statement of node.consequent) look(statement, true);
  return at;

  /** In the order in which it is done; `surely`: whatever happens, it is. */
  function look(part: Node | null | undefined, surely: boolean): void {
    if (part === null || part === undefined) return;
    if (t.isIdentifier(part)) {
      if (known.has(part.name) && !at.writes.has(part.name)) at.reads.add(part.name);
    } else if (t.isReturnStatement(part)) {
      look(part.argument, surely);
      if (!isContextCall(part.argument, /^[af]$/)) for (const to of at.next) at.stops.add(to);
    } else if (t.isAssignmentExpression(part)) assignment(part, surely);
    else if (t.isFunction(part)) within(part, always);
    else if (t.isCallExpression(part)) call(part, surely);
    else if (t.isMemberExpression(part) || t.isOptionalMemberExpression(part)) {
      look(part.object, surely);
      if (part.computed) look(part.property, surely);
    } else if (t.isObjectProperty(part)) {
      if (part.computed) look(part.key, surely);
      look(part.value, surely);
    } else if (t.isIfStatement(part) || t.isConditionalExpression(part)) {
      look(part.test, surely);
      look(part.consequent, false);
      look(part.alternate, false);
    } else if (t.isLogicalExpression(part)) {
      look(part.left, surely);
      look(part.right, false);
    } else if (t.isBlockStatement(part) || t.isExpressionStatement(part)) each(part, surely);
    else each(part, surely && !/Loop|For|While|Switch|Try|Optional|Labeled/.test(part.type));
  }

  function each(part: Node, surely: boolean): void {
    for (const key of t.VISITOR_KEYS[part.type] ?? []) {
      const child = (part as unknown as Record<string, Node | (Node | null)[] | null>)[key];
      if (Array.isArray(child)) for (const one of child) look(one, surely);
      else look(child, surely);
    }
  }

  function assignment(part: types.AssignmentExpression, surely: boolean): void {
    const { left, right, operator } = part;
    if (
      t.isMemberExpression(left) &&
      isContext(left.object) &&
      t.isIdentifier(left.property, { name: "n" })
    ) {
      look(right, surely);
      goesTo(right);
      return;
    }
    if (!t.isIdentifier(left)) {
      look(left, surely);
      look(right, surely);
      return;
    }
    if (operator !== "=") look(left, surely);
    look(right, surely && !/\?|&&|\|\|/.test(operator));
    if (operator === "=" && surely && known.has(left.name)) at.writes.add(left.name);
  }

  function call(part: types.CallExpression, surely: boolean): void {
    const { callee, arguments: args } = part;
    if (t.isMemberExpression(callee) && isContext(callee.object) && t.isIdentifier(callee.property)) {
      for (const arg of args) look(arg, surely);
      const { name } = callee.property;
      if (name === "f") at.ends = (args[0] as types.NumericLiteral).value;
      if (name === "d") goesTo(args[1] as Expression);
      if (name === "a" && t.isNumericLiteral(args[0], { value: 3 })) {
        goesTo(args[1] as Expression);
        at.jumps.add((args[1] as types.NumericLiteral).value);
      }
      return;
    }
    // What a function that says what it captures uses is part of it; a callback that is used up at once reads at once.
    const opens = t.isMemberExpression(callee) && t.isIdentifier(callee.object, { name: RUNTIME });
    for (const one of [callee, ...args]) {
      if (t.isFunction(one)) within(one, at.reads);
      else if (opens && t.isObjectExpression(one)) within(one, at.reads);
      else look(one, surely);
    }
  }

  /** All that a function mentions, whenever it is called. */
  function within(part: Node, into: Set<string>): void {
    t.traverseFast(part, (inner) => {
      if (t.isIdentifier(inner) && known.has(inner.name) && (into === always || !at.writes.has(inner.name)))
        into.add(inner.name);
    });
  }

  function goesTo(to: Expression): void {
    if (t.isNumericLiteral(to)) at.next.add(to.value);
    else if (t.isConditionalExpression(to)) {
      goesTo(to.consequent);
      goesTo(to.alternate);
    } else at.anywhere = true;
  }
}

function isContextCall(node: Node | null | undefined, names: RegExp): boolean {
  return (
    t.isCallExpression(node) &&
    t.isMemberExpression(node.callee) &&
    isContext(node.callee.object) &&
    t.isIdentifier(node.callee.property) &&
    names.test(node.callee.property.name)
  );
}

function isContext(node: Node): boolean {
  return t.isIdentifier(node) && /^_context\d*$/.test(node.name);
}
