import type { VerifyHow } from "@gpuvm/explorer";
import type { Named } from "@gpuvm/scenarios";
import { EXIT } from "../cli/context.ts";
import { type Verified, verifyText } from "../format/verify-text.ts";
import { isOutside } from "../inputs/outside-policy.ts";
import { InPlacePool } from "./in-place-pool.ts";

/** What is asked for. */
export interface VerifyArgs {
  readonly how: VerifyHow;
  readonly workers: number;
  readonly json: boolean;
  readonly width: number;
}

/**
 * Holds the ways through scenarios against each other, as many scenarios at once as there are workers.
 *
 * @returns 0; 1 if anything differs
 */
export async function verifyAll(
  all: readonly Named[],
  { how, workers, json, width }: VerifyArgs,
  out: (text: string) => void,
): Promise<number> {
  const outside = all.some(({ name }) => isOutside(name.slice(0, name.lastIndexOf("/"))));
  const pool = await InPlacePool.start(Math.max(1, Math.min(workers, all.length)), outside);
  let verified: Verified[];
  try {
    verified = await Promise.all(
      all.map(async ({ name }) => ({ name, ...(await pool.run({ kind: "verify", name, how })) })),
    );
  } finally {
    await pool.end();
  }
  out(json ? `${JSON.stringify(verified, null, 2)}\n` : verifyText(verified, width));
  return verified.every(({ differs }) => differs.length === 0) ? EXIT.ok : EXIT.violated;
}
