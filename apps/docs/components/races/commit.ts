/** Where the first commit that a text names can be read; null: it names none. */
export function commitLink(upstream: string): string | null {
  const commit = /\b[0-9a-f]{12}\b/.exec(upstream)?.[0];
  return commit === undefined ? null : `https://git.kernel.org/torvalds/c/${commit}`;
}
