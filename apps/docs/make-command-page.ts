// Writes guides/command.md: what every command's own help says, so that the page cannot say anything else.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { COMMANDS, main } from "../bench/src/cli/app.ts";

const HEAD = `---
title: The command
---

# The command

What \`gpuvm-bench COMMAND --help\` prints, for every command. In a clone it is \`npm run bench -- COMMAND ...\`.
`;

/** What the program prints. */
async function printed(...args: string[]): Promise<string> {
  const write = process.stdout.write.bind(process.stdout);
  let out = "";
  process.stdout.write = ((text: string) => {
    out += text;
    return true;
  }) as typeof process.stdout.write;
  try {
    await main(args);
  } finally {
    process.stdout.write = write;
  }
  return out.trimEnd();
}

const block = (text: string) => `\`\`\`text\n${text}\n\`\`\`\n`;
const parts = [HEAD, block(await printed("--help"))];
for (const [name, { brief }] of Object.entries(COMMANDS))
  parts.push(`## ${name}\n\n${brief}.\n`, block(await printed(name, "--help")));
writeFileSync(fileURLToPath(new URL("guides/command.md", import.meta.url)), parts.join("\n"));
