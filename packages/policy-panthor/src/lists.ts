/** Takes an element off a list that it may be on. */
export function removeFrom<T>(list: T[] | null, element: T): void {
  const at = list?.indexOf(element) ?? -1;
  if (at >= 0) list?.splice(at, 1);
}
