import { IMPORT_FORMATS, type ImportFormat } from "@gpuvm/trace/formats";

/** `--from`: the format of an input. */
export interface FromFlag {
  readonly kind: "enum";
  readonly values: readonly ImportFormat[];
  readonly optional: true;
  readonly brief: string;
}

/** For inputs whose first lines don't tell what they are. */
export const fromFlag: FromFlag = {
  kind: "enum",
  values: IMPORT_FORMATS,
  optional: true,
  brief: "The format of the input, where its first lines do not tell",
};
