/** Files that import each other in a circle, each circle once, sorted; `imports` says what a file imports, types included. */
export function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  // Tarjan: a strongly connected component of more than one file, or a file that imports itself.
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file) as number);
    stack.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file) as number, low.get(next) as number));
    }
    if (low.get(file) !== index.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    const alone = component.length === 1 && !imports.get(file)?.includes(file);
    if (!alone) found.push(component.sort());
  };
  for (const file of imports.keys()) if (!index.has(file)) visit(file);
  return found.sort((a, b) => String(a).localeCompare(String(b)));
}
