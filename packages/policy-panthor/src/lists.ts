import { takeFirst } from "@gpuvm/drm-model";

/** Takes an element off a list that it may be on. */
export function removeFrom<T>(list: T[] | null, element: T): void {
  if (list === null) return;
  // It is the first, if anything.
  if (list[0] === element) {
    takeFirst(list);
    return;
  }
  const at = list.indexOf(element);
  if (at >= 0) list.splice(at, 1);
}
