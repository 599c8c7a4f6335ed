import type { types } from "@babel/core";
import {
  type Expression,
  type File,
  type Node,
  type Path,
  RUNTIME,
  refuse,
  runtime,
  t,
  traverse,
} from "./babel.ts";

type MemberExpression = types.MemberExpression;

/** Methods that change what they are called on; whatever else has such a name is called as it is. */
const METHODS: ReadonlyMap<string, string> = new Map([
  ...[
    "push",
    "pop",
    "shift",
    "unshift",
    "splice",
    "sort",
    "reverse",
    "fill",
    "copyWithin",
    "set",
    "add",
    "clear",
  ].map((name) => [name, name] as const),
  ["delete", "deleteKey"],
]);

/** Functions of the language that write past every log. */
const FORBIDDEN =
  /^(?:Object\.(?:defineProperty|defineProperties|setPrototypeOf)|Reflect\.(?:set|deleteProperty|defineProperty|setPrototypeOf))$/;

/** Whether an expression may be evaluated twice. */
function pure(node: Node): boolean {
  if (t.isIdentifier(node) || t.isThisExpression(node) || t.isNumericLiteral(node) || t.isStringLiteral(node))
    return true;
  if (t.isMemberExpression(node)) return pure(node.object) && (!node.computed || pure(node.property));
  if (t.isBinaryExpression(node)) return pure(node.left) && pure(node.right);
  return t.isUnaryExpression(node) && node.operator !== "delete" && pure(node.argument);
}

/** The key of a place, as an expression. */
function keyOf(property: Node, computed: boolean): Expression {
  return computed || !t.isIdentifier(property) ? (property as Expression) : t.stringLiteral(property.name);
}

const clone = <T extends Node>(node: T): T => t.cloneNode(node, true);

/** Lets every write to a field, an element, a container or a captured variable be logged. The setters that undo a write to a field. */
export function logWrites(file: File, name: string): string[] {
  const setters = new Set<string>();
  const done = new WeakSet<Node>();

  const member = (left: MemberExpression, value: Expression): Expression => {
    const { object, property, computed } = left;
    if (!computed && t.isIdentifier(property, { name: "length" }))
      return runtime("setLength", object as Expression, value);
    const key = keyOf(property, computed);
    if (!pure(object) || (computed && !pure(property)))
      return runtime("assign", object as Expression, key, value);
    const old = clone(left);
    const logged = computed
      ? runtime("writeAt", value, clone(object) as Expression, clone(key), old)
      : runtime(
          "write",
          value,
          clone(object) as Expression,
          setter((property as { name: string }).name),
          old,
        );
    const out = t.assignmentExpression("=", left, logged);
    done.add(out);
    return out;
  };
  /** A change of what is at a place that must be computed only once. */
  const update = (
    { object, property, computed }: MemberExpression,
    change: (old: Expression) => Expression,
  ) => {
    const old = t.identifier("$at");
    const changed = t.arrowFunctionExpression([old], change(clone(old)));
    return runtime("update", object as Expression, keyOf(property, computed), changed);
  };
  const setter = (field: string): Expression => {
    setters.add(field);
    return t.identifier(`$set_${field}`);
  };
  const variable = (id: string, value: Expression): Expression => {
    const back = t.assignmentExpression("=", t.identifier(id), t.identifier("$old"));
    done.add(back);
    const undo = t.arrowFunctionExpression(
      [t.identifier("$at"), t.identifier("$old")],
      t.blockStatement([t.expressionStatement(back)]),
    );
    const out = t.assignmentExpression(
      "=",
      t.identifier(id),
      runtime("write", value, t.nullLiteral(), undo, t.identifier(id)),
    );
    done.add(out);
    return out;
  };
  const binary = (operator: string, left: Expression, right: Expression): Expression =>
    ["??", "||", "&&"].includes(operator)
      ? t.logicalExpression(operator as "??", left, right)
      : t.binaryExpression(operator as "+", left, right);

  traverse(file, {
    AssignmentExpression: {
      exit(path) {
        const { node } = path;
        if (done.has(node)) return;
        const { left, right, operator } = node;
        if (t.isMemberExpression(left)) {
          const target = left as MemberExpression;
          if (t.isThisExpression(target.object) && !target.computed && inConstructor(path)) return;
          if (operator !== "=" && !pure(target)) {
            if (/\?|&&|\|\|/.test(operator) || containsYield(path))
              refuse(node, name, "a compound assignment to a computed place");
            path.replaceWith(update(target, (old) => binary(operator.slice(0, -1), old, right)));
            path.skip();
            return;
          }
          if (operator === "=") path.replaceWith(member(target, right));
          else if (["??=", "||=", "&&="].includes(operator))
            path.replaceWith(binary(operator.slice(0, -1), clone(target), member(target, right)));
          else path.replaceWith(member(target, binary(operator.slice(0, -1), clone(target), right)));
          path.skip();
        } else if (t.isIdentifier(left)) {
          if (!isCaptured(path, left.name)) return;
          const id = t.identifier(left.name);
          if (operator === "=") path.replaceWith(variable(left.name, right));
          else if (["??=", "||=", "&&="].includes(operator))
            path.replaceWith(binary(operator.slice(0, -1), id, variable(left.name, right)));
          else path.replaceWith(variable(left.name, binary(operator.slice(0, -1), id, right)));
          path.skip();
        } else if (t.isArrayPattern(left) && path.parentPath.isExpressionStatement()) {
          path.replaceWithMultiple(spelledOut(left, right, node, name));
        } else refuse(node, name, "an assignment by a pattern");
      },
    },
    UpdateExpression: {
      exit(path) {
        const { argument, operator, prefix } = path.node;
        const one = (old: Expression) => t.binaryExpression(operator[0] as "+", old, t.numericLiteral(1));
        const value = (written: Expression) =>
          prefix || path.parentPath.isExpressionStatement()
            ? written
            : t.binaryExpression(operator === "++" ? "-" : "+", written, t.numericLiteral(1));
        if (t.isMemberExpression(argument)) {
          if (t.isThisExpression(argument.object) && !argument.computed && inConstructor(path)) return;
          if (!pure(argument)) {
            path.replaceWith(value(update(argument as MemberExpression, one)));
            path.skip();
            return;
          }
          path.replaceWith(
            value(member(argument as MemberExpression, one(clone(argument as MemberExpression)))),
          );
          path.skip();
        } else if (t.isIdentifier(argument) && isCaptured(path, argument.name)) {
          path.replaceWith(value(variable(argument.name, one(t.identifier(argument.name)))));
          path.skip();
        }
      },
    },
    UnaryExpression: {
      exit(path) {
        const { operator, argument } = path.node;
        if (operator !== "delete") return;
        if (!t.isMemberExpression(argument)) return refuse(path.node, name, "a deletion");
        const { object, property, computed } = argument as MemberExpression;
        const key = keyOf(property, computed);
        path.replaceWith(runtime("remove", object as Expression, key));
      },
    },
    CallExpression: {
      exit(path) {
        const { callee, arguments: args } = path.node;
        if (!t.isMemberExpression(callee) || !t.isIdentifier(callee.property)) return;
        const { object, property, computed } = callee;
        if (t.isIdentifier(object)) {
          if (object.name === RUNTIME) return;
          const full = `${object.name}.${property.name}`;
          if (FORBIDDEN.test(full)) refuse(path.node, name, full);
          if (full === "Object.assign") {
            path.replaceWith(runtime("assignAll", ...(args as Expression[])));
            return;
          }
        }
        const method = METHODS.get(property.name);
        if (computed || method === undefined || t.isSuper(object)) return;
        const single = method === "push" && args.length === 1 && !t.isSpreadElement(args[0]);
        path.replaceWith(runtime(single ? "push1" : method, object as Expression, ...(args as Expression[])));
      },
    },
    OptionalCallExpression: {
      exit(path) {
        const { callee, arguments: args, optional } = path.node;
        if (!t.isOptionalMemberExpression(callee) || !t.isIdentifier(callee.property) || callee.computed)
          return;
        const method = METHODS.get(callee.property.name);
        if (method === undefined) return;
        if (optional) refuse(path.node, name, `a call of "${callee.property.name}" that may not be there`);
        const target = t.memberExpression(t.identifier(RUNTIME), t.identifier(method));
        path.replaceWith(runtime("optional", target, callee.object as Expression, ...(args as Expression[])));
        path.skip();
      },
    },
  });
  return [...setters];
}

function containsYield(path: Path): boolean {
  let found = false;
  path.traverse({
    YieldExpression() {
      found = true;
    },
  });
  return found;
}

function inConstructor(path: { getFunctionParent(): { node: Node } | null }): boolean {
  const parent = path.getFunctionParent()?.node;
  return t.isClassMethod(parent) && parent.kind === "constructor";
}

/** Whether the log must keep a variable: somebody else than the call itself has it, or it is the module's. */
function isCaptured(path: Path, id: string): boolean {
  const binding = path.scope.getBinding(id);
  if (binding === undefined) return false;
  const here = path.scope.getFunctionParent();
  if (binding.scope.path.isProgram()) return here !== null;
  const owner = binding.scope.getFunctionParent();
  const uses = [...binding.referencePaths, ...binding.constantViolations];
  if (!uses.some((use) => use.scope.getFunctionParent() !== owner)) return false;
  // A generator's own locals are saved with its call.
  return here !== owner || (owner?.path.node as { generator?: boolean } | undefined)?.generator !== true;
}

/** `[a.b = 0, c.d] = x` as one assignment each. */
function spelledOut(
  left: types.ArrayPattern,
  right: Expression,
  node: Node,
  name: string,
): types.Statement[] {
  if (!pure(right)) refuse(node, name, "an assignment by a pattern from an expression");
  return left.elements.flatMap((element, i) => {
    if (element === null) return [];
    const from = t.memberExpression(clone(right), t.numericLiteral(i), true);
    const isDefault = t.isAssignmentPattern(element);
    const to = isDefault ? element.left : element;
    if (!t.isMemberExpression(to) && !t.isIdentifier(to))
      return refuse(node, name, "an assignment by a nested pattern");
    const value = isDefault
      ? t.conditionalExpression(
          t.binaryExpression("===", from, t.identifier("undefined")),
          element.right,
          clone(from),
        )
      : from;
    return [t.expressionStatement(t.assignmentExpression("=", to as never, value))];
  });
}
