import type { types } from "@babel/core";
import { type Expression, type File, type Path, runtime, t, traverse } from "./babel.ts";

/** Turns each `for`-`of` of a generator into a loop over an object that can be put back, and `[a, b] = x` into arrays. */
export function openLoops(file: File): void {
  let count = 0;
  traverse(file, {
    ForOfStatement(path: Path<types.ForOfStatement>) {
      if (path.getFunctionParent()?.node.generator !== true) return;
      const { left, right, body } = path.node;
      const walk = t.identifier(`$walk${++count}`);
      const value = t.memberExpression(walk, t.identifier("value"));
      const head = t.isVariableDeclaration(left)
        ? t.variableDeclaration(left.kind, [t.variableDeclarator(left.declarations[0]?.id as never, value)])
        : t.expressionStatement(t.assignmentExpression("=", left as never, value));
      const more = t.callExpression(t.memberExpression(walk, t.identifier("more")), []);
      path.replaceWith(
        t.forStatement(
          t.variableDeclaration("let", [t.variableDeclarator(walk, walkOver(right))]),
          more,
          null,
          t.blockStatement([head, ...(t.isBlockStatement(body) ? body.body : [body])]),
        ),
      );
    },
    // Babel's machines know no spread beside a stop.
    "ArrayExpression|CallExpression": {
      exit(path: Path) {
        const { node } = path;
        const list = t.isArrayExpression(node)
          ? node.elements
          : t.isCallExpression(node)
            ? node.arguments
            : [];
        if (!list.some((element) => t.isSpreadElement(element)) || !stops(path)) return;
        const array = joined(list as (Expression | types.SpreadElement)[]);
        if (t.isArrayExpression(node)) path.replaceWith(array);
        else if (t.isCallExpression(node)) path.replaceWith(applied(node.callee as Expression, array));
      },
    },
    VariableDeclarator({ node }: { node: types.VariableDeclarator }) {
      if (t.isArrayPattern(node.id) && node.init != null) node.init = runtime("elements", node.init);
    },
  } as never);
}

/** Whether a call stops within an expression. */
function stops(path: Path): boolean {
  let found = false;
  path.traverse({
    YieldExpression() {
      found = true;
    },
    Function(inner: Path) {
      inner.skip();
    },
  });
  return found;
}

function joined(list: readonly (Expression | types.SpreadElement)[]): Expression {
  const parts = list.map((element) =>
    t.isSpreadElement(element) ? runtime("elements", element.argument) : t.arrayExpression([element]),
  );
  return t.callExpression(t.memberExpression(t.arrayExpression([]), t.identifier("concat")), parts);
}

/** A call with an array of arguments. */
function applied(callee: Expression, array: Expression): Expression {
  const self = t.isMemberExpression(callee)
    ? t.cloneNode(callee.object as Expression, true)
    : t.nullLiteral();
  return t.callExpression(t.memberExpression(callee, t.identifier("apply")), [self, array]);
}

function walkOver(right: Expression): Expression {
  if (t.isCallExpression(right) && t.isMemberExpression(right.callee) && right.arguments.length === 0) {
    const { object, property, computed } = right.callee;
    if (!computed && t.isIdentifier(property) && ["keys", "values", "entries"].includes(property.name))
      return runtime("iterateOver", object as Expression, t.stringLiteral(property.name));
  }
  return runtime("iterate", right);
}
