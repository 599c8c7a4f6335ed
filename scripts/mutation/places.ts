import { stripTypeScriptTypes } from "node:module";
import { type Mutant, plant } from "./operators.ts";

/**
 * What is wrong with mistakes that are planted by a piece of text: that the text is not in the file exactly once, that nothing is
 * changed, that what comes out is no TypeScript. One line for each; none: all can be planted.
 *
 * @param read the text of a mistake's file, or null if there is none
 */
export function misplaced(
  mutants: readonly Mutant[],
  read: (mutant: Mutant) => string | null,
): readonly string[] {
  return mutants.flatMap((mutant) => {
    const why = wrong(mutant, read(mutant));
    return why === null ? [] : [`${mutant.file}, "${mutant.what}": ${why}`];
  });
}

function wrong(mutant: Mutant, source: string | null): string | null {
  if (source === null) return "there is no such file";
  const places = source.split(mutant.find).length - 1;
  if (places !== 1) return `the file has ${places} times, not once: ${JSON.stringify(mutant.find)}`;
  if (mutant.find === mutant.replace) return "it changes nothing";
  try {
    stripTypeScriptTypes(plant(source, mutant));
    return null;
  } catch (error) {
    return `what comes out cannot be read: ${(error as Error).message.trim()}`;
  }
}

/** Ends the run with all that cannot be planted, before any of the others is tried. */
export function assertPlaced(mutants: readonly Mutant[], read: (mutant: Mutant) => string | null): void {
  const all = misplaced(mutants, read);
  if (all.length === 0) return;
  const head = `${all.length} of ${mutants.length} mistakes have no place any more; give each the text that is there now:`;
  throw new Error([head, ...all].join("\n  "));
}
