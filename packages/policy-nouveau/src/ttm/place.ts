import { CPU, GART, VRAM } from "../gem/domains.ts";

/** Memory of the host, out of the GPU's reach (`TTM_PL_SYSTEM`). */
export const PL_SYSTEM = 0;
/** Memory of the host that the GPU reaches, the GART (`TTM_PL_TT`). */
export const PL_TT = 1;
/** The GPU's own (`TTM_PL_VRAM`). */
export const PL_VRAM = 2;

/** Where memory is. */
export type Place = typeof PL_SYSTEM | typeof PL_TT | typeof PL_VRAM;

/** A place that an object may have (`struct ttm_place`). */
export interface Placement {
  readonly place: Place;
  /** Only when the others have no room, and nothing there can be moved away (`TTM_PL_FLAG_FALLBACK`). */
  readonly fallback: boolean;
}

const PLACES = [
  [VRAM, PL_VRAM],
  [GART, PL_TT],
  [CPU, PL_SYSTEM],
] as const;

const ALL = VRAM | GART | CPU;

/** By domains, and by those of them that are only for need. */
const BY_DOMAINS: readonly (readonly Placement[])[] = Array.from({ length: (ALL + 1) ** 2 }, (_, key) => {
  const busy = Math.floor(key / (ALL + 1));
  const domains = key % (ALL + 1);
  const places = PLACES.filter(([domain]) => ((domains | busy) & domain) !== 0);
  return places.map(([domain, place]) => ({ place, fallback: (busy & domain) !== 0 }));
});

/** Places of domains, in the order in which they are tried (`nouveau_bo_placement_set`). */
export function placementOf(domains: number, busy = 0): readonly Placement[] {
  return BY_DOMAINS[(busy & ALL) * (ALL + 1) + (domains & ALL)] as readonly Placement[];
}

/** The domain of a place (`NOUVEAU_GEM_DOMAIN_*`); 0: out of the GPU's reach. */
export function domainOf(place: Place): number {
  if (place === PL_VRAM) return VRAM;
  return place === PL_TT ? GART : 0;
}
