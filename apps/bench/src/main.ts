#!/usr/bin/env node
import { main } from "./cli/app.ts";
import { EXIT } from "./cli/context.ts";
import { say } from "./cli/say.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever reads may have had enough (`| head`): that is no error.
  if (error.code === "EPIPE") process.exit();
  say(`standard output can't be written: ${error.message}`);
  process.exit(EXIT.usage);
});
// There is nobody left to tell.
process.stderr.on("error", () => {});

process.exitCode = await main(process.argv.slice(2));
