import type { types } from "@babel/core";
import {
  type Expression,
  type File,
  type Node,
  type Path,
  parse,
  print,
  RUNTIME,
  refuse,
  runtime,
  t,
  toStateMachines,
  traverse,
} from "./babel.ts";
import { liveLocals } from "./liveness.ts";

/** Turns generators into calls as objects, on the state machines that Babel makes of them. */
export function toFrames(file: File, name: string, nextSite: () => number): File {
  const out = parse(toStateMachines(print(file)));
  const tables: Expression[] = [];
  const hoist = (value: Expression): Expression => {
    if (t.isNullLiteral(value)) return value;
    tables.push(value);
    return t.identifier(`$live${tables.length}`);
  };
  traverse(out, {
    CallExpression: {
      exit(path) {
        const { node } = path;
        if (isHelper(node, "w")) {
          const [body, , self, tries] = node.arguments;
          if (self != null && !t.isNullLiteral(self))
            refuse(node, name, "a generator function that uses its caller's this");
          const bodyPath = path.get("arguments.0") as Path;
          path.replaceWith(
            frameOf(body as Expression, tries as Expression | undefined, bodyPath, nextSite(), hoist),
          );
          path.skip();
        } else if (isHelper(node, "m")) path.replaceWith(node.arguments[0] as Expression);
        else if (t.isIdentifier(node.callee, { name: "_regeneratorValues" }))
          node.callee = t.memberExpression(t.identifier(RUNTIME), t.identifier("delegated"));
      },
    },
  });
  out.program.body = out.program.body.filter(
    (statement) =>
      !(t.isFunctionDeclaration(statement) && /^_regenerator/.test(statement.id?.name ?? "")) &&
      !(
        t.isVariableDeclaration(statement) &&
        statement.declarations.every(({ id }) => t.isIdentifier(id) && /^_marked/.test(id.name))
      ),
  );
  out.program.body.unshift(
    ...tables.map((table, i) =>
      t.variableDeclaration("const", [t.variableDeclarator(t.identifier(`$live${i + 1}`), table)]),
    ),
  );
  return out;
}

function isHelper(node: types.CallExpression, method: string): boolean {
  return (
    t.isMemberExpression(node.callee) &&
    t.isIdentifier(node.callee.property, { name: method }) &&
    t.isCallExpression(node.callee.object) &&
    t.isIdentifier(node.callee.object.callee, { name: "_regenerator" })
  );
}

function frameOf(
  body: Expression,
  tries: Expression | undefined,
  bodyPath: Path,
  site: number,
  hoist: (value: Expression) => Expression,
): Expression {
  const assigned = new Set<string>();
  const read = new Set<string>();
  const isOuter = (at: Path, id: string): boolean => {
    const binding = at.scope.getBinding(id);
    return (
      binding !== undefined &&
      !binding.scope.path.isProgram() &&
      binding.scope.path !== bodyPath &&
      binding.scope.path.findParent((up) => up === bodyPath) === null
    );
  };
  const assign = (at: Path, id: string) => {
    if (at.getFunctionParent() === bodyPath && isOuter(at, id)) assigned.add(id);
  };
  bodyPath.traverse({
    AssignmentExpression(at: Path<types.AssignmentExpression>) {
      for (const id of Object.keys(t.getBindingIdentifiers(at.node.left as Node))) assign(at, id);
      if (t.isIdentifier(at.node.left)) assign(at, at.node.left.name);
    },
    UpdateExpression(at: Path<types.UpdateExpression>) {
      if (t.isIdentifier(at.node.argument)) assign(at, at.node.argument.name);
    },
    "ReferencedIdentifier|BindingIdentifier"(at: Path) {
      const id = (at.node as { name: string }).name;
      if (isOuter(at, id) && !id.startsWith("_callee")) read.add(id);
    },
  } as never);
  const saved = [...assigned].sort();
  const names = [...saved, ...[...read].filter((id) => !assigned.has(id)).sort()];
  const locals =
    names.length === 0
      ? t.nullLiteral()
      : t.arrowFunctionExpression([], t.arrayExpression(names.map((id) => t.identifier(id))));
  const restore =
    saved.length === 0
      ? t.nullLiteral()
      : t.arrowFunctionExpression(
          [t.identifier("$old")],
          t.blockStatement(
            saved.map((id, i) =>
              t.expressionStatement(
                t.assignmentExpression(
                  "=",
                  t.identifier(id),
                  t.memberExpression(t.identifier("$old"), t.numericLiteral(i), true),
                ),
              ),
            ),
          ),
        );
  const live = liveLocals(body, tries, names);
  const table =
    live === null || names.length === 0
      ? t.nullLiteral()
      : t.objectExpression(
          [...live].map(([number, at]) =>
            t.objectProperty(
              t.numericLiteral(number),
              t.arrayExpression(at.map((id) => t.numericLiteral(names.indexOf(id)))),
            ),
          ),
        );
  const call = runtime(
    "Frame",
    t.numericLiteral(site),
    body,
    tries ?? t.nullLiteral(),
    locals,
    restore,
    hoist(table),
  );
  return t.newExpression(call.callee as Expression, call.arguments as Expression[]);
}
