/**
 * What an exporter of timelines is fed: few kinds of events, so that a replay, an import or a test can make them without
 * knowing any format. Times are nanoseconds and don't go back. A track is a name; it exists from its first event on.
 */

/** Details of an event. `bigint` is for addresses, which JSON can't hold as numbers. */
export type TimelineArgs = Readonly<Record<string, string | number | bigint | boolean>>;

/** Something begins that ends later. Several may run on one track at a time and need not nest. */
export interface TimelineBegin {
  readonly type: "begin";
  readonly t: number;
  readonly track: string;
  /** Not in use by another running event of the same track. */
  readonly id: number;
  readonly name: string;
  readonly args?: TimelineArgs;
}

/** What began with this id ends. */
export interface TimelineEnd {
  readonly type: "end";
  readonly t: number;
  readonly track: string;
  readonly id: number;
}

/** Something happened at one moment. */
export interface TimelineInstant {
  readonly type: "instant";
  readonly t: number;
  readonly track: string;
  readonly name: string;
  readonly args?: TimelineArgs;
  /** Arrows that start here, and arrows that end here. */
  readonly flowsOut?: readonly number[];
  readonly flowsIn?: readonly number[];
}

/** A value that holds until the next one. */
export interface TimelineCounter {
  readonly type: "counter";
  readonly t: number;
  readonly track: string;
  readonly value: number;
}

/** One event of a timeline. */
export type TimelineEvent = TimelineBegin | TimelineEnd | TimelineInstant | TimelineCounter;

/** Takes events one by one. */
export type TimelineSink = (event: TimelineEvent) => void;
