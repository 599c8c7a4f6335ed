/** What fuzzing begins with: files that every reader understands. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { type ImportFormat, shippedTraces, sniff } from "@gpuvm/trace/node";
import { resultsFile, runOf } from "../../../../packages/results/test/results-fixture.ts";

const SAMPLES = new URL("../../../../packages/trace/samples/", import.meta.url);
const LOGS = new URL("../../../../packages/record/test/expected/", import.meta.url);
const VECTORS = new URL("../../../../packages/conformance/vectors/doc-cases.jsonl.gz", import.meta.url);

/** Inputs are small: what breaks a reader fits into little, and is tried often. */
const LINES = 40;

function filesIn(folder: URL): Buffer[] {
  return readdirSync(folder)
    .filter((name) => name !== "README.md")
    .map((name) => readFileSync(new URL(name, folder)));
}

const firstLines = (text: string): Buffer => Buffer.from(`${text.split("\n").slice(0, LINES).join("\n")}\n`);

/** Samples of one format. */
export function samplesOf(format: ImportFormat): Buffer[] {
  return filesIn(SAMPLES).filter((bytes) => sniff(bytes.toString()) === format);
}

/** Samples of all formats, some compressed. */
export function allSamples(): Buffer[] {
  const all = filesIn(SAMPLES).map((bytes) => firstLines(bytes.toString()));
  return [...all, ...all.slice(0, 4).map((bytes) => gzipSync(bytes))];
}

/** The beginnings of the recordings of every driver. */
export function traces(): Buffer[] {
  return shippedTraces().map(({ path }) => firstLines(gunzipSync(readFileSync(path)).toString()));
}

/** Logs of the recorder. */
export function logs(): Buffer[] {
  return [
    ...filesIn(LOGS).map((bytes) => firstLines(bytes.toString())),
    Buffer.from(`{"t":5,"op":"file","f":1,"driver":"msm"}
{"t":9,"op":"gem_new","f":1,"bo":7,"size":4096,"flags":0}
{"t":12,"op":"exit"}
`),
  ];
}

/** Golden vectors. */
export function vectors(): Buffer[] {
  return [firstLines(gunzipSync(readFileSync(fileURLToPath(VECTORS))).toString())];
}

/** Result files. */
export function results(): Buffer[] {
  const one = resultsFile(runOf(), runOf({ subject: "xe:mainline", policy: "xe", variant: "mainline" }));
  const six = resultsFile(
    runOf({}, [1, 2, 3, 4, 5, 6]),
    runOf({ subject: "xe:mainline" }, [2, 2, 2, 2, 2, 9]),
  );
  return [one, { ...six, partial: true, incomplete: ["lost"], versions: { node: "1" } }].map((file) =>
    Buffer.from(JSON.stringify(file)),
  );
}

const texts = (...all: readonly string[]): Buffer[] => all.map((text) => Buffer.from(text));

/** Configurations. */
export const configs = (): Buffer[] =>
  texts(
    '{"run":{"policy":["msm:soft"],"samples":6,"audit":true,"format":"json"}}',
    '{"$schema":"x","lint":{"max":3,"failOn":"note"},"explore":{"policy":"xe","runs":2}}',
    '{"run":{"out":"x","report":"y","policy":"./x.ts"}}',
  );

/** Tokens of counterexamples. */
export const tokens = (): Buffer[] =>
  texts(
    "bug:X4@a4.b2.a",
    "bug:M1@a1.b2.T1",
    "xe:mainline/close-vs-bind~a0~c0@b4",
    "msm:soft/close-vs-bind@a1.b1.a",
    "powervr:mainline/idle:map.b1v1+exit@a2.b1",
  );

/** Tables of costs. */
export const costs = (): Buffer[] =>
  texts(
    '[{"what":"unmap","low_ms":1,"high_ms":2,"source":"me"},{"what":"map","low_ms":0,"high_ms":0.5,"source":"x"}]',
  );

/** Workloads with parameters. */
export const workloads = (): Buffer[] =>
  texts(
    "game:seconds=1",
    "browser:tabs=2,fresh=3,life=1,reload=1,hz=60,seconds=1",
    "ml:mib=8,steps=5",
    "flips:seconds=1",
    "compositor:clients=2",
    "sparse",
    "reimport",
    "bad-close",
  );
