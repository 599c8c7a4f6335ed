#!/usr/bin/env node
import { main } from "./cli/app.ts";

// Whoever reads may have had enough (`| head`): that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await main(process.argv.slice(2));
