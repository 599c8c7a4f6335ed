import type { DriverModel } from "./drivers/driver-model.ts";
import { DriverScenario, isDriverLine } from "./drivers/driver-scenario.ts";
import { BadLine, opLine, parseLine, type Request } from "./request.ts";
import { same } from "./same.ts";
import { type Exchange, Scenario } from "./scenario.ts";
import type { Answer, SessionOptions } from "./session.ts";
import { VectorError } from "./vector-error.ts";
import { type ByteSource, vectorLines } from "./vector-lines.ts";

/** A line that the model answered otherwise than the file says. */
export interface Failure {
  /** Line in the file, from 1. */
  readonly line: number;
  /** The members that ask. */
  readonly request: Request;
  /** The members that answer, from the file. */
  readonly expected: Answer;
  /** What the model answered; `threw` where it answered with an exception. */
  readonly actual: Answer;
  /** The VM, or VMs, before the line: one row per mapping, object or link. */
  readonly vmBefore: readonly string[];
}

/** How a file fared. */
export interface ReplayResult {
  /** The file as the caller named it. */
  readonly file: string;
  /** Lines that ask something. */
  readonly vectors: number;
  /** Lines answered otherwise. */
  readonly failed: number;
  /** Lines not tried: none, ever; a line that can't be tried is an error. */
  readonly skipped: number;
  /** The first failures. */
  readonly failures: readonly Failure[];
}

/** How to replay. */
export interface ReplayOptions extends SessionOptions {
  /** Who answers for which driver, in files of what a driver's own code answered; default: nobody. */
  readonly drivers?: readonly DriverModel[];
  /** Name of the file in errors and in the result; default: `<input>`. */
  readonly file?: string;
  /** Called for each failure that is kept, in order. */
  readonly onFailure?: (failure: Failure) => void;
  /** How many failures to keep; default 20. All are counted. */
  readonly keep?: number;
}

/**
 * Replays golden vectors from the bytes of a file that is not compressed, and compares every answer in full: steps, return
 * values, counts, lists, warnings.
 *
 * @throws VectorError for the first line that can't be read or asks for something unknown.
 *
 * @example
 * ```ts
 * import { replayVectors, VectorError } from "@gpuvm/conformance";
 * const bytes = new TextEncoder().encode('{"op":"nonsense"}\\n');
 * const error = await replayVectors(bytes, { file: "mine" }).catch((cause: unknown) => cause);
 * console.assert(error instanceof VectorError);
 * ```
 */
export async function replayVectors(source: ByteSource, options: ReplayOptions = {}): Promise<ReplayResult> {
  const replay = new Replay(options.file ?? "<input>", options);
  for await (const { first, lines } of vectorLines(source, replay.file)) {
    for (let i = 0; i < lines.length; i++) replay.line(first + i, lines[i] as string);
  }
  return replay.finish();
}

class Replay {
  readonly file: string;
  readonly #options: ReplayOptions;
  readonly #failures: Failure[] = [];
  #scenario: Scenario | DriverScenario;
  /** Lines since the scenario began, to see the state before a failure again. */
  #since: string[] = [];
  #line = 0;
  #vectors = 0;
  #failed = 0;

  constructor(file: string, options: ReplayOptions) {
    this.file = file;
    this.#options = options;
    this.#scenario = new Scenario(options);
  }

  line(number: number, text: string): void {
    this.#line = number;
    try {
      const line = parseLine(text);
      if (line["op"] === "meta" || line["op"] === "note") return;
      this.#vectors++;
      const exchange = this.#ask(line);
      if (!same(exchange.expected, exchange.actual)) this.#fail(exchange);
      this.#since.push(text);
    } catch (error) {
      if (error instanceof BadLine) throw new VectorError(this.file, number, error.message, { cause: error });
      throw error;
    }
  }

  finish(): ReplayResult {
    this.#end();
    if (this.#vectors === 0) throw new VectorError(this.file, 0, "there are no vectors in it");
    return {
      file: this.file,
      vectors: this.#vectors,
      failed: this.#failed,
      skipped: 0,
      failures: this.#failures,
    };
  }

  #ask(line: Request): Exchange {
    if (isDriverLine(line)) {
      if (!(this.#scenario instanceof DriverScenario) || this.#scenario.seq !== line.seq)
        this.#begin(new DriverScenario(line, this.#options.drivers ?? []));
      return (this.#scenario as DriverScenario).step(line);
    }
    const asked = opLine(line);
    if (this.#scenario instanceof DriverScenario || Scenario.startsAfresh(asked.op))
      this.#begin(new Scenario(this.#options));
    return (this.#scenario as Scenario).step(asked);
  }

  #begin(scenario: Scenario | DriverScenario): void {
    this.#end();
    this.#scenario = scenario;
    this.#since = [];
  }

  /** A scenario with checks on must come to a clean end. */
  #end(): void {
    if (this.#scenario instanceof DriverScenario) return;
    const before = this.#options.checks ? this.#scenario.describe() : [];
    const left = this.#scenario.finish();
    if (left.length === 0) return;
    this.#keep({ request: { op: "end of scenario" }, expected: { left: [] }, actual: { left } }, before);
  }

  #fail(exchange: Exchange): void {
    const kept = this.#failures.length < (this.#options.keep ?? KEEP);
    this.#keep(exchange, kept ? this.#stateBefore() : []);
  }

  #keep(exchange: Exchange, vmBefore: readonly string[]): void {
    this.#failed++;
    if (this.#failures.length >= (this.#options.keep ?? KEEP)) return;
    const failure = { line: this.#line, ...exchange, vmBefore };
    this.#failures.push(failure);
    this.#options.onFailure?.(failure);
  }

  #stateBefore(): string[] {
    const lines = this.#since.map(parseLine);
    if (this.#scenario instanceof DriverScenario) {
      const drivers = lines.filter(isDriverLine);
      const [first] = drivers;
      if (first === undefined) return [];
      const again = new DriverScenario(first, this.#options.drivers ?? []);
      for (const line of drivers) again.step(line);
      return again.describe();
    }
    const again = new Scenario(this.#options);
    for (const line of lines) again.step(opLine(line));
    return again.describe();
  }
}

const KEEP = 20;
