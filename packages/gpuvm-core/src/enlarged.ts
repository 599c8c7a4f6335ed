/// <reference lib="es2024.sharedmemory" />
import { keptBuffers } from "./kept-buffers.ts";

/**
 * From so many bytes on an array grows where it is. Below, its copies cost no more than what the system takes for memory
 * that is touched for the first time.
 */
const IN_PLACE = 2 ** 18;
/** How often it can double there. What it may grow to is set apart in the address space only, and takes no memory. */
const DOUBLINGS = 8;

/** The arrays that the core keeps its rows in. */
type Rows = Float64Array | Int32Array;

/** Whether the array's memory grows where it is, so that to grow by little costs little. */
export function growsInPlace({ buffer, byteLength }: Rows): boolean {
  return inPlace(buffer) && byteLength < buffer.maxByteLength;
}

function inPlace(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return typeof SharedArrayBuffer === "function" && buffer instanceof SharedArrayBuffer;
}

/** Bytes of those arrays that grow where they are: `process.memoryUsage()` does not count them. */
export function sharedBytes(...arrays: readonly Rows[]): number {
  return arrays.reduce((sum, { buffer, byteLength }) => sum + (inPlace(buffer) ? byteLength : 0), 0);
}

/**
 * An array of `length` elements that begins with those of `array`, which is not used any more. What is behind them may be
 * anything.
 *
 * A large one is in a *shared* buffer, though nobody shares it: that is the only kind that can grow and yet be read as
 * fast as a fixed one, as it never shrinks and never goes away. Where there is none to be had it is copied at each growth.
 *
 * `apart`: what is given up is never used again, nor what others gave up, so that whoever still has it reads what was there.
 * Schedules are explored so: what is taken back finds it as it was.
 */
export function enlarged<T extends Rows>(array: T, length: number, apart: boolean): T {
  const { buffer, BYTES_PER_ELEMENT } = array;
  const Kind = array.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => T;
  const bytes = length * BYTES_PER_ELEMENT;
  if (inPlace(buffer) && bytes <= buffer.maxByteLength) {
    buffer.grow(bytes);
    return new Kind(buffer, 0, length);
  }
  const larger = new Kind((apart ? undefined : keptBuffers.take(bytes)) ?? newBuffer(bytes), 0, length);
  larger.set(array);
  if (!apart && buffer instanceof ArrayBuffer) keptBuffers.give(buffer);
  return larger;
}

function newBuffer(bytes: number): ArrayBufferLike {
  // A browser has shared memory only for pages that are isolated.
  if (bytes < IN_PLACE || typeof SharedArrayBuffer !== "function") return new ArrayBuffer(bytes);
  try {
    return new SharedArrayBuffer(bytes, { maxByteLength: bytes * 2 ** DOUBLINGS });
  } catch {
    // There is not so much address space.
    return new ArrayBuffer(bytes);
  }
}
