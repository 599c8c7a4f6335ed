import type { Command } from "@stricli/core";
import type { BenchContext } from "../cli/context.ts";

/** What a configuration may say of one flag. */
export interface FlagSchema {
  readonly type: "boolean" | "string" | "array" | readonly ["number", "string"];
  readonly description: string;
  readonly enum?: readonly string[];
  readonly items?: { readonly type: "string" };
}

/** Flags by name, as a command declares them. */
export function flagSchemas(command: Command<BenchContext>): Readonly<Record<string, FlagSchema>> {
  const out: Record<string, FlagSchema> = {};
  for (const [name, flag] of Object.entries(command.parameters.flags ?? {})) {
    const description = flag.brief;
    if (flag.kind === "boolean") out[name] = { type: "boolean", description };
    else if ("variadic" in flag && flag.variadic !== undefined && flag.variadic !== false) {
      out[name] = { type: "array", items: { type: "string" }, description };
    } else if (flag.kind === "enum") {
      out[name] = { type: "string", enum: flag.values, description };
    } else out[name] = { type: ["number", "string"], description };
  }
  return out;
}

/** The JSON Schema of `gpuvm.config.json`: for each command the defaults of its flags. */
export function configSchema(commands: Readonly<Record<string, Command<BenchContext>>>): object {
  const properties: Record<string, object> = { $schema: { type: "string" } };
  for (const [name, command] of Object.entries(commands)) {
    properties[name] = {
      type: "object",
      description: command.brief,
      properties: flagSchemas(command),
      additionalProperties: false,
    };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "gpuvm-bench: defaults of its flags, for each command",
    type: "object",
    properties,
    additionalProperties: false,
  };
}
