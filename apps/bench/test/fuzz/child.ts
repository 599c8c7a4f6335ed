/** Feeds one target until it is ended; a process of its own, as an input may end it. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Coverage } from "./coverage.ts";
import { damaged } from "./damage.ts";
import { isRefusal, TARGETS } from "./targets.ts";

const [name = "", corpusDir = "", current = "", seedText = "1"] = process.argv.slice(2);
const target = TARGETS.get(name);
if (target === undefined) throw new RangeError(`no target is called ${name}`);

/** Inputs between two looks at the coverage: each look takes milliseconds. */
const BATCH = 20;

mkdirSync(corpusDir, { recursive: true });
const kept = readdirSync(corpusDir).map((file) => readFileSync(join(corpusDir, file)));
const corpus = [...target.seeds(), ...kept];
const coverage = new Coverage();
await coverage.start();

/** Whether the target refused it; anything else that it throws ends this process. */
async function feed(bytes: Buffer): Promise<boolean> {
  writeFileSync(current, bytes);
  try {
    await target?.read(bytes);
    return false;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return true;
  }
}

for (const bytes of corpus) await feed(bytes);
await coverage.grown();
let inputs = 0;
let refused = 0;
for (let round = Number(seedText); ; round++) {
  const batch = [...damaged(corpus, round, BATCH)];
  for (const bytes of batch) if (await feed(bytes)) refused++;
  inputs += batch.length;
  const news = new Set(await coverage.grown());
  for (const bytes of news.size > 0 ? batch : []) {
    // Whoever reaches it first again is kept, and the others that do nothing more are not.
    await feed(bytes);
    const own = await coverage.among(news);
    for (const block of own) news.delete(block);
    if (own.length > 0) {
      corpus.push(bytes);
      writeFileSync(join(corpusDir, createHash("sha256").update(bytes).digest("hex").slice(0, 16)), bytes);
    }
  }
  process.send?.({ inputs, refused, corpus: corpus.length, rss: process.memoryUsage.rss() });
}
