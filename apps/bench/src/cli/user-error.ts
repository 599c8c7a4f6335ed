import { UsageError } from "@gpuvm/drm-model";

/** Whether the message alone says what to do. */
export function isUserError(error: unknown): error is Error {
  // By their names: neither readers nor the recorder are loaded where they are not wanted.
  const names = ["TraceError", "RecordError"];
  return error instanceof UsageError || (error instanceof Error && names.includes(error.name));
}

/** What the system answered, such as that a folder is not there or a disk is full: its message says of what. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error && "code" in error;
}

/** Whether an error is told by its message, and needs no trace of calls. */
export function saysAll(error: unknown): error is Error {
  return isUserError(error) || isSystemError(error);
}
