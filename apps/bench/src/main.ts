#!/usr/bin/env node
const usage = `usage: gpuvm-bench [COMMAND] [OPTIONS]
`;

const [first] = process.argv.slice(2);
if (first === undefined || first === "--help") {
  process.stdout.write(usage);
} else {
  process.stderr.write(`unknown command: ${first}\n${usage}`);
  process.exitCode = 2;
}
