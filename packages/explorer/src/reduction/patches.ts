/** A method, or the function of a getter. */
export type Method = (this: never, ...args: never[]) => unknown;

const undo: (() => void)[] = [];

/** Replaces a method or getter of a prototype until {@link undoPatches}; nothing happens where there is none. */
export function patch(holder: object, name: PropertyKey, make: (plain: Method) => Method): void {
  const field = Object.getOwnPropertyDescriptor(holder, name);
  if (field === undefined) return;
  // oxlint-disable-next-line typescript/unbound-method -- called with the object that it is asked of
  const { value, get } = field;
  if (typeof value === "function") {
    Object.defineProperty(holder, name, { ...field, value: make(value as Method) });
  } else if (get !== undefined) {
    Object.defineProperty(holder, name, { ...field, get: make(get) });
  } else return;
  onUndo(() => {
    Object.defineProperty(holder, name, field);
  });
}

/** To be done when the patches are taken back. */
export function onUndo(back: () => void): void {
  undo.push(back);
}

/** Everything is as it was. */
export function undoPatches(): void {
  for (const back of undo.splice(0).reverse()) back();
}
