/**
 * The events about syncobjs, which every DRM driver has: DRM's own ioctls. `syncobj` is the handle that the program was
 * given; like that of a VM it is free for another one after its end. What binds and work do with syncobjs stands in
 * their own events, as {@link SyncOp}.
 */
import type { RequestBase } from "./request-base.ts";

/** `DRM_IOCTL_SYNCOBJ_CREATE`. */
export interface SyncobjCreate extends RequestBase {
  readonly op: "syncobj_create";
  readonly syncobj: number;
  /** `DRM_SYNCOBJ_CREATE_SIGNALED`: it begins with a fence that has signalled, else with none. */
  readonly signaled?: boolean;
}

/** `DRM_IOCTL_SYNCOBJ_DESTROY`: the handle goes. Who waits for its fence goes on waiting. */
export interface SyncobjDestroy extends RequestBase {
  readonly op: "syncobj_destroy";
  readonly syncobj: number;
}

/** `DRM_IOCTL_SYNCOBJ_RESET`: what is in them goes. */
export interface SyncobjReset extends RequestBase {
  readonly op: "syncobj_reset";
  readonly syncobjs: readonly number[];
}

/** `DRM_IOCTL_SYNCOBJ_SIGNAL`, and with points `DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL`: the program signals by itself. */
export interface SyncobjSignal extends RequestBase {
  readonly op: "syncobj_signal";
  readonly syncobjs: readonly number[];
  /** The point of each on its timeline. */
  readonly points?: readonly number[];
}

/**
 * `DRM_IOCTL_SYNCOBJ_WAIT`, and with points `DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT`, that ended with what was waited for. One
 * whose time was up is no event.
 */
export interface SyncobjWait extends RequestBase {
  readonly op: "syncobj_wait";
  readonly syncobjs: readonly number[];
  /** The point of each on its timeline. */
  readonly points?: readonly number[];
  /** `DRM_SYNCOBJ_WAIT_FLAGS_*`: 1 all of them, else any; 2 also for what is still to be submitted; 4 only for that. */
  readonly flags?: number;
}

/** `DRM_IOCTL_SYNCOBJ_TRANSFER`: what one has, or has at a point, goes into another, or to a point of it. */
export interface SyncobjTransfer extends RequestBase {
  readonly op: "syncobj_transfer";
  readonly src: number;
  readonly dst: number;
  readonly srcPoint?: number;
  readonly dstPoint?: number;
  /** As {@link SyncobjWait.flags}. */
  readonly flags?: number;
}

/** `DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD`: a descriptor of a syncobj, or of the fence that it has now. */
export interface SyncobjExport extends RequestBase {
  readonly op: "syncobj_export";
  readonly syncobj: number;
  /** The recorder's number of the descriptor, at least 1 and never used for another one of the trace. */
  readonly fd: number;
  /** `DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE`: of the fence. */
  readonly syncFile?: boolean;
  /** The point whose fence it is of. */
  readonly point?: number;
}

/** `DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE`: a handle of a syncobj, or with `syncFile` a fence for a syncobj that is there. */
export interface SyncobjImport extends RequestBase {
  readonly op: "syncobj_import";
  readonly syncobj: number;
  /** The number that {@link SyncobjExport} gave the descriptor; absent: it came from elsewhere, nothing is known of it. */
  readonly fd?: number;
  /** `DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE`: the descriptor is of a fence. */
  readonly syncFile?: boolean;
  /** The point that gets the fence. */
  readonly point?: number;
}

/** Any event about syncobjs. */
export type SyncobjRequest =
  | SyncobjCreate
  | SyncobjDestroy
  | SyncobjReset
  | SyncobjSignal
  | SyncobjWait
  | SyncobjTransfer
  | SyncobjExport
  | SyncobjImport;
