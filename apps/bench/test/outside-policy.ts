import { EINVAL } from "@gpuvm/core";
import { Bo, type DriverOptions, type DriverVariant, DrmFile } from "@gpuvm/drm-model";
import { ask, type Scenario } from "@gpuvm/explorer";

/** As small as a policy gets: buffers with handles, no VMs. A buffer that is made twice under one number leaks. */
const policy: DriverVariant = {
  policy: {
    driver: "outside",
    variant: "1",
    models: "-",
    boOwnership: "hard",
    edges: [],
    teardown: [],
    capabilities: [],
  },
  userspace: { speaks: () => false, lift: () => () => [], lower: () => () => [] },
  start: (machine) => ({
    policy: policy.policy,
    open: (id) => new DrmFile(machine, id),
    *ioctl(file, request) {
      if (request.op !== "gem_new") return -EINVAL;
      file.publish(request.bo, new Bo(machine, { size: request.size }));
      return 0;
    },
    *release(file) {
      yield* file.closeAll(null);
    },
    *unload() {},
  }),
};

export default policy;

/** Scenarios of its own. */
export function scenarios(variant: DriverVariant, options: DriverOptions): Scenario[] {
  const create = ask(0, { op: "gem_new", bo: 1, size: 4096 });
  return [
    {
      name: "twice",
      about: "a number is used twice",
      variant,
      options,
      actors: [{ name: "A", calls: [create, create] }],
    },
  ];
}
