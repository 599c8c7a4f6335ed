#!/usr/bin/env node
import { main } from "./cli/app.ts";

process.exitCode = await main(process.argv.slice(2));
