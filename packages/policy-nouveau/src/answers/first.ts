/**
 * First sequences of the recorder's runs. In them the driver's own VMM was made when the first file was opened: a fact of
 * the recorder, since the driver makes it when the device is found.
 */
const FIRST: ReadonlySet<string> = new Set([
  "nouveau/small/1",
  "nouveau/legacy/1",
  "nouveau/vram/1",
  "nouveau/fail/1",
  "nouveau/named/N1-flushes",
  "nouveau/named/N12-close-with-signalled-fence",
]);

/** Whether a sequence was the first one of its run. */
export function isFirst(seq: string): boolean {
  return FIRST.has(seq);
}
