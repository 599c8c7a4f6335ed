/**
 * All of `@gpuvm/conformance`, and vectors from files: those of a path, and those that come with it. For Node;
 * `@gpuvm/conformance` itself runs in a browser.
 *
 * @packageDocumentation
 */

export * from "../index.ts";
export { replayFile } from "./replay-file.ts";
export { type ShippedVectors, shippedVectors } from "./shipped-vectors.ts";
