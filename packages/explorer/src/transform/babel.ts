import type * as core from "@babel/core";
import Babel from "@babel/standalone";

const { parser, generator } = Babel.packages;
const parts = Babel.packages as unknown as {
  types: typeof core.types;
  traverse: { default: typeof core.traverse };
};

/** Makes and tells nodes of the tree. */
export const t: typeof core.types = parts.types;

/** Goes through a tree. */
export const traverse: typeof core.traverse = parts.traverse.default;

/** A node of the tree. */
export type Node = core.types.Node;
/** An expression. */
export type Expression = core.types.Expression;
/** A whole file. */
export type File = core.types.File;
/** A node with its place. */
export type Path<T extends Node = Node> = core.NodePath<T>;

/** Reads a module. */
export function parse(source: string): File {
  return parser.parse(source, { sourceType: "module", attachComment: false });
}

/** Writes a module. */
export function print(file: File): string {
  return generator.generate(file).code;
}

/** Calls as objects need bodies as state machines: Babel's own passes make them. */
export function toStateMachines(source: string): string {
  const result = Babel.transform(source, {
    sourceType: "module",
    configFile: false,
    babelrc: false,
    compact: false,
    comments: false,
    assumptions: { iterableIsArray: true },
    plugins: [
      "transform-destructuring",
      "transform-optional-catch-binding",
      "transform-block-scoping",
      ["transform-regenerator", { generators: true, async: false, asyncGenerators: false }],
    ],
  });
  return result?.code ?? "";
}

/** What cannot be transformed, with its place: better none than a wrong one. */
export function refuse(node: Node, file: string, why: string): never {
  const { line, column } = node.loc?.start ?? { line: 0, column: 0 };
  throw new SyntaxError(
    `${file}:${line}:${column + 1}: ${why}, which cannot be taken back while schedules are explored`,
  );
}

/** A call of what transformed code runs on. */
export function runtime(name: string, ...args: Expression[]): core.types.CallExpression {
  return t.callExpression(t.memberExpression(t.identifier(RUNTIME), t.identifier(name)), args);
}

/** The name under which it is imported. */
export const RUNTIME = "$undo";
