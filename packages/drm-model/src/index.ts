/** The name of this package, until it has something to say. */
export const packageName = "@gpuvm/drm-model";
