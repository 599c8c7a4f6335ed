import { type DmaFence, ListNode, type Steps } from "@gpuvm/core";
import type { NouveauCli } from "../cli.ts";
import { NouveauSched } from "../sched/sched.ts";
import type { BindInFlight, SchedJob } from "../sched/sched-job.ts";

/**
 * The scheduler of a client's binds. Before 6cdcc65fdb0b (6.6) a client had several entities, whose jobs ran in any order
 * (bug N7).
 */
export function bindSched(cli: NouveauCli): NouveauSched {
  return cli.nv.defects.has("N7") ? new OtherEntity(cli) : cli.sched;
}

/** An entity of its own for one job, which the client's scheduler knows of. */
class OtherEntity extends NouveauSched {
  readonly cli: NouveauCli;

  constructor(cli: NouveauCli) {
    super(
      cli.machine,
      `${cli.sched.label}, entity ${cli.machine.dev.serial()}`,
      `scheduler's mutex of file ${cli.id}`,
      1,
    );
    this.cli = cli;
  }

  override push(job: SchedJob): void {
    const { list } = this.cli.sched;
    super.push(new JobOfEntity(job));
    list.push(job.onList);
  }
}

/** A job as such an entity has it. */
class JobOfEntity implements SchedJob {
  readonly label: string;
  readonly credits: number;
  readonly after: readonly DmaFence[];
  readonly finished: DmaFence;
  readonly bind: BindInFlight | null;
  parent: DmaFence | null = null;
  readonly onList: ListNode<SchedJob> = new ListNode<SchedJob>(this);
  readonly #job: SchedJob;

  constructor(job: SchedJob) {
    this.#job = job;
    this.label = job.label;
    this.credits = job.credits;
    this.after = job.after;
    this.finished = job.finished;
    this.bind = job.bind;
  }

  run(): Steps<DmaFence | number> {
    return this.#job.run();
  }

  *free(): Steps<void> {
    yield* this.#job.free();
    this.#job.onList.remove();
  }

  timeout(): void {
    this.#job.timeout();
  }
}
