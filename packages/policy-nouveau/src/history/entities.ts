import type { NouveauCli } from "../cli.ts";
import { NouveauSched } from "../sched/sched.ts";
import type { SchedJob } from "../sched/sched-job.ts";

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
    const { sched } = this.cli;
    super.push({
      ...job,
      *free() {
        yield* job.free();
        sched.list.delete(job);
      },
    });
    sched.list.add(job);
  }
}
