/**
 * Result files as one HTML page that needs no script and fetches nothing.
 *
 * @example
 * ```ts
 * import { parseResults } from "@gpuvm/results";
 * import { reportHtml } from "@gpuvm/report";
 * const options = { audit: false, lockdep: false, repeat: 1, samples: 1 };
 * const none = { machine: { cpu: "", cores: 1, node: "", platform: "" }, options, runs: [] };
 * const results = parseResults(JSON.stringify({ format: "gpuvm-bench-results", version: 1, ...none }), "none.json");
 * console.assert(reportHtml([{ name: "none", results }]).startsWith("<!doctype html>"));
 * ```
 *
 * @packageDocumentation
 */

export { type ReportInput, reportHtml } from "./report-html.ts";
