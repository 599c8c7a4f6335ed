/** `NOUVEAU_GEM_DOMAIN_CPU`: out of the GPU's reach. */
export const CPU = 1;
/** `NOUVEAU_GEM_DOMAIN_VRAM`. */
export const VRAM = 2;
/** `NOUVEAU_GEM_DOMAIN_GART`: memory of the host that the GPU can reach. */
export const GART = 4;
/** `NOUVEAU_GEM_DOMAIN_NO_SHARE`: private to the file's VM. */
export const NO_SHARE = 32;

/** `DRM_NOUVEAU_VM_BIND_SPARSE`. */
export const BIND_SPARSE = 256;
