import {
  type ApplicationText,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
} from "@stricli/core";

/** What the parser says of words that it cannot take: the flag, what is wrong with it, what would be right. */
export const TEXTS: ApplicationText = {
  ...text_en,
  exceptionWhileParsingArguments(error, ansiColor) {
    if (!(error instanceof ArgumentScannerError)) {
      return text_en.exceptionWhileParsingArguments.call(this, error, ansiColor);
    }
    return formatMessageForArgumentScannerError(error, {
      FlagNotFoundError: ({ input, corrections }) =>
        `there is no flag ${dashed(input)}${orMeant(corrections.map(dashed))}; --help lists them`,
      AliasNotFoundError: ({ input }) => `there is no flag -${input}; --help lists them`,
      ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception }) =>
        `${/^[A-Z]/.test(name) ? name : dashed(name)}: ${exception instanceof Error ? exception.message : String(exception)}`,
      EnumValidationError: ({ externalFlagName, input, values }) =>
        `${dashed(externalFlagName)}: "${input}" is none of ${values.join(", ")}`,
      UnsatisfiedFlagError: ({ externalFlagName }) =>
        `${dashed(externalFlagName)}: give it a value; see --help`,
      UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing; see --help`,
      UnexpectedPositionalError: ({ expectedCount, input }) =>
        `"${input}" is one word too many: ${expectedCount === 0 ? "none is" : `no more than ${expectedCount} ${expectedCount === 1 ? "is" : "are"}`} taken here; see --help`,
      UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
        `${dashed(externalFlagName)} is given twice: ${previousInput}, and ${input}`,
    });
  },
};

function dashed(name: string): string {
  return name.startsWith("-") ? name : `--${name}`;
}

function orMeant(names: readonly string[]): string {
  return names.length === 0 ? "" : `; did you mean ${names.join(" or ")}?`;
}
