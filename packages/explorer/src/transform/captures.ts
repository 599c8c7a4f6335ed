import type { types } from "@babel/core";
import { type Expression, type File, type Node, type Path, refuse, runtime, t, traverse } from "./babel.ts";

/** Callbacks of these are used up within the call. */
const AT_ONCE = new Set([
  "map",
  "filter",
  "some",
  "every",
  "find",
  "findIndex",
  "findLast",
  "forEach",
  "sort",
  "toSorted",
  "reduce",
  "flatMap",
  "from",
]);

/** What a function or a class uses of the calls around it. */
interface Free {
  readonly names: readonly string[];
  /** Where those of them are declared that are assigned more than once. */
  readonly scopes: ReadonlySet<Path>;
  readonly self: boolean;
}

function freeOf(path: Path): Free {
  const names = new Set<string>();
  const scopes = new Set<Path>();
  let self = false;
  path.traverse({
    ThisExpression(inner: Path) {
      let at = inner.getFunctionParent();
      while (at !== null && at !== path && at.isArrowFunctionExpression()) at = at.getFunctionParent();
      if (at === path && path.isArrowFunctionExpression()) self = true;
    },
    "ReferencedIdentifier|BindingIdentifier"(inner: Path) {
      const { name } = inner.node as { name: string };
      const binding = inner.scope.getBinding(name);
      if (binding === undefined || binding.scope.path.isProgram()) return;
      if (binding.scope === path.scope || isWithin(binding.scope.path, path)) return;
      if (binding.path.node === path.node) return;
      names.add(name);
      if (!binding.constant) scopes.add(binding.scope.path as Path);
    },
  } as never);
  return { names: [...names].sort(), scopes, self };
}

function isWithin(inner: Path, outer: Path): boolean {
  return inner === outer || inner.findParent((at) => at === outer) !== null;
}

/** Lets every function that captures variables say what they are now: they are part of the state. */
export function openCaptures(file: File, name: string, nextSite: () => number): void {
  const done = new WeakSet<Node>();
  const tokens = new Map<Path, string>();
  /** An object that is made with the variables: two functions that share one are told from two that have one each. */
  const token = (scope: Path): string => {
    const known = tokens.get(scope);
    if (known !== undefined) return known;
    const block = scope.isBlockStatement() ? scope : (scope.get("body") as Path);
    if (!block.isBlockStatement() || scope.isLoop())
      return refuse(scope.node, name, "a function that captures the variable of a loop");
    const id = `$variables${tokens.size}`;
    tokens.set(scope, id);
    const made = t.variableDeclaration("const", [
      t.variableDeclarator(t.identifier(id), t.objectExpression([])),
    ]);
    block.unshiftContainer("body", made);
    return id;
  };
  const wrap = (value: Expression, { names, scopes, self }: Free): Expression => {
    const mutable = scopes.size > 0;
    const values: Expression[] = [...names, ...[...scopes].map(token)].map((id) => t.identifier(id));
    if (self) values.push(t.thisExpression());
    const look = t.arrowFunctionExpression([], t.arrayExpression(values));
    done.add(look);
    return runtime("captures", value, t.numericLiteral(nextSite()), t.booleanLiteral(mutable), look);
  };
  traverse(file, {
    "ArrowFunctionExpression|FunctionExpression": {
      exit(path: Path) {
        const { node } = path;
        if (done.has(node)) return;
        done.add(node);
        if (isUsedAtOnce(path) || isUndo(node)) return;
        const free = freeOf(path);
        if (free.names.length > 0 || free.self) path.replaceWith(wrap(node as Expression, free));
        path.skip();
      },
    },
    ObjectExpression: {
      exit(path: Path) {
        const { node } = path;
        if (done.has(node)) return;
        done.add(node);
        const names = new Set<string>();
        const scopes = new Set<Path>();
        for (const member of (path as Path<types.ObjectExpression>).get("properties")) {
          if (!member.isObjectMethod()) continue;
          const free = freeOf(member);
          for (const id of free.names) names.add(id);
          for (const scope of free.scopes) scopes.add(scope);
        }
        if (names.size === 0) return;
        path.replaceWith(wrap(node as Expression, { names: [...names].sort(), scopes, self: false }));
        path.skip();
      },
    },
    FunctionDeclaration(path: Path) {
      if (path.getFunctionParent() === null || done.has(path.node)) return;
      done.add(path.node);
      const free = freeOf(path);
      if (free.names.length === 0) return;
      const id = (path.node as { id: { name: string } }).id;
      const call = t.expressionStatement(wrap(t.identifier(id.name), free));
      const block = path.parentPath as unknown as { unshiftContainer(key: string, node: Node): void };
      block.unshiftContainer("body", call);
    },
    Class(path: Path) {
      if (path.getFunctionParent() === null) return;
      if (freeOf(path).names.length > 0) refuse(path.node, name, "a class that captures variables");
    },
  } as never);
}

function isUsedAtOnce(path: Path): boolean {
  const call = path.parentPath?.node;
  if (!t.isCallExpression(call) || call.callee === path.node) return t.isCallExpression(call);
  return (
    t.isMemberExpression(call.callee) &&
    t.isIdentifier(call.callee.property) &&
    AT_ONCE.has(call.callee.property.name)
  );
}

/** What the log of writes has put in. */
function isUndo(node: Node): boolean {
  return t.isArrowFunctionExpression(node) && t.isIdentifier(node.params[0], { name: "$at" });
}
