import type { Claim } from "./claim.ts";
import { BINDERS } from "./close.ts";

const KEPT = { scanout_maps: "buffers", scanout_unmaps: 0 } as const;
const EACH_FLIP = { scanout_maps: "flips", scanout_unmaps: "flips" } as const;

/** What the fact sheet says of page flips: W3, W4. */
export const DISPLAY_CLAIMS: readonly Claim[] = [
  {
    workload: "W3",
    ways: ["OWN", "SOFT0", "SOFT4"],
    expect: KEPT,
    says: "K maps and no unmap: the display's mapping is kept until the BO is freed",
    basis: ["thread"],
  },
  {
    workload: "W3",
    ways: ["MERGED"],
    expect: KEPT,
    says: "K maps and no unmap: unpin leaves the mapping, and vma_ref stays above 0 through the handle",
    basis: ["73"],
  },
  {
    workload: "W3",
    ways: ["BIND"],
    expect: KEPT,
    says: "the display's VM is the kernel's, as in the other 6.17 mode",
    basis: ["73"],
  },
  {
    workload: "W3",
    ways: ["HARDU"],
    expect: EACH_FLIP,
    says: "N maps and N unmaps: every unpin takes the mapping away",
    basis: ["thread"],
  },
  {
    workload: "W3",
    ways: ["HARDR"],
    expect: EACH_FLIP,
    says: "N maps and N unmaps: a flip is a request that completes",
    basis: ["derived"],
  },
  {
    workload: "W3",
    ways: ["HARD0"],
    expect: KEPT,
    says: "K maps and no unmap: nothing ever unmaps",
    basis: ["derived"],
  },
  {
    workload: "W4",
    ways: ["OWN"],
    expect: { ...KEPT, gpu_maps: "buffers", gpu_unmaps: 0 },
    says: "display K / 0, importer's GPU VM K / 0",
    basis: ["thread", "derived"],
  },
  {
    workload: "W4",
    ways: ["SOFT0", "HARD0"],
    expect: { ...KEPT, gpu_maps: "buffers", gpu_unmaps: 0 },
    says: "as before the series: nothing but the free of the BO unmaps",
    basis: ["derived"],
  },
  {
    workload: "W4",
    ways: ["SOFT4"],
    expect: { ...KEPT, gpu_maps: "flips", gpu_unmaps: "flips" },
    says: "display K / 0; importer's GPU VM N / N, torn down at each handle close",
    basis: ["thread", "derived"],
  },
  {
    workload: "W3",
    ways: ["msm:split"],
    expect: KEPT,
    says: "K maps and no unmap: the compositor keeps what it imported on the display's device",
    basis: ["73"],
  },
  {
    workload: "W4",
    ways: ["msm:split"],
    expect: { scanout_maps: "flips", scanout_unmaps: "flips", gpu_maps: "flips", gpu_unmaps: "flips" },
    says: "N / N in both: on a display device of its own each frame is a new object, imported from the GPU's",
    basis: ["73"],
  },
  {
    workload: "W4",
    ways: ["MERGED"],
    expect: { ...KEPT, gpu_maps: "flips", gpu_unmaps: "flips" },
    says: "display K / 0; importer's GPU VM N / N: vma_ref protects the display's VM only",
    basis: ["thread", "73"],
  },
  {
    workload: "W4",
    ways: ["HARDU", "HARDR"],
    expect: { ...EACH_FLIP, gpu_maps: "flips", gpu_unmaps: "flips" },
    says: "N / N in both",
    basis: ["derived"],
  },
  {
    workload: "W4",
    ways: ["NVLEG"],
    expect: { gpu_maps: "flips", gpu_unmaps: "flips" },
    says: "a rule 'teardown at last handle close in this process' maps and unmaps for each frame",
    basis: ["thread"],
  },
  {
    workload: "W4",
    ways: [...BINDERS, "powervr:6.11"],
    expect: { gpu_maps: "flips", gpu_unmaps: "flips" },
    says: "a program that forgets the buffer with its handle binds and unbinds it for each frame: its own choice",
    basis: ["derived"],
  },
  {
    workload: "W4",
    ways: ["BIND"],
    expect: KEPT,
    says: "display K / 0, as in the other 6.17 mode",
    basis: ["73"],
  },
];
