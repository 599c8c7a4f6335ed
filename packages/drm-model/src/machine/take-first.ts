/** A list of more is long. */
const SHORT = 32;

/**
 * Takes the first off a list. `shift` is a call of V8's runtime, and gives the memory of a list that becomes empty back, which the
 * next element asks for again: lists that mostly have one element or none do little else.
 */
export function takeFirst<T>(list: T[]): T | undefined {
  const { length } = list;
  if (length > SHORT) return list.shift();
  const first = list[0];
  for (let i = 1; i < length; i++) list[i - 1] = list[i] as T;
  list.pop();
  return first;
}

/** Takes an element off a list, of which it is the first, if anything. @returns false if it is not on it */
export function removeFrom<T>(list: T[] | null, element: T): boolean {
  if (list === null) return false;
  if (list[0] === element) {
    takeFirst(list);
    return true;
  }
  const at = list.indexOf(element);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}
