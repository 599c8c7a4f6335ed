/**
 * Reads or phrases requests with what is known of the file that each is of; a file's `close` is its last.
 *
 * @param begin what is known of a file that is new
 * @param one what a request becomes
 */
export function perFile<State, From extends { readonly f: number; readonly op: string }, To>(
  begin: (f: number) => State,
  one: (file: State, request: From) => readonly To[],
): (request: From) => readonly To[] {
  const files = new Map<number, State>();
  return (request) => {
    let file = files.get(request.f);
    if (file === undefined) {
      file = begin(request.f);
      files.set(request.f, file);
    }
    if (request.op === "close") files.delete(request.f);
    return one(file, request);
  };
}
