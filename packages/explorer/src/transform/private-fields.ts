import { type File, t, traverse } from "./babel.ts";

/** Makes private fields (`#x`) fields of a name that nobody else uses: the log and the fingerprint must come to them. */
export function openPrivateFields(file: File): void {
  traverse(file, {
    Class(path) {
      const { node } = path;
      const own = new Set<string>();
      for (const member of node.body.body)
        if ("key" in member && t.isPrivateName(member.key)) own.add(member.key.id.name);
      if (own.size === 0) return;
      const open = (name: string) => t.identifier(`_$${node.id?.name ?? "Anonymous"}$${name}`);
      path.get("body").traverse({
        "MemberExpression|OptionalMemberExpression"(inner) {
          const access = inner.node as { property: unknown; computed: boolean };
          if (t.isPrivateName(access.property as never)) {
            const { name } = (access.property as { id: { name: string } }).id;
            if (own.has(name)) access.property = open(name);
          }
        },
        BinaryExpression({ node: test }) {
          if (t.isPrivateName(test.left) && own.has(test.left.id.name))
            test.left = t.stringLiteral(open(test.left.id.name).name);
        },
      });
      for (const member of node.body.body) {
        if (!("key" in member) || !t.isPrivateName(member.key)) continue;
        const changed = member as { type: string; key: unknown; computed?: boolean };
        changed.type = member.type === "ClassPrivateMethod" ? "ClassMethod" : "ClassProperty";
        changed.key = open(member.key.id.name);
        changed.computed = false;
      }
    },
  });
}
