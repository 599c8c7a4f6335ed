/**
 * Whether a word can only be a path, or the name of an installed package: what is loaded, and so run, where a policy is
 * expected.
 */
export function looksOutside(word: string): boolean {
  return /^@|[/\\]|\.[cm]?[jt]s/.test(word);
}
