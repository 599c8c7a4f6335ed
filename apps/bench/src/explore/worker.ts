import type { MessagePort } from "node:worker_threads";
import { type Explored, exploreOne, type How } from "@gpuvm/scenarios";
import { scenarioNamed } from "./resolve.ts";

/** One scenario for a worker, by the name that tokens have for it: scenarios are functions, and cannot be sent. */
export interface WorkerJob {
  readonly name: string;
  readonly how: How;
  /** Where progress goes. */
  readonly port: MessagePort;
}

/**
 * Runs in a worker thread.
 *
 * @public the pool calls it
 */
export default async function work({ name, how, port }: WorkerJob): Promise<Explored> {
  try {
    return exploreOne(await scenarioNamed(name), how, (progress) => {
      port.postMessage(progress);
    });
  } finally {
    port.close();
  }
}
