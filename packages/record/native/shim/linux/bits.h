/* drm_mode.h asks for this header of the kernel, which older systems do not have; nothing here uses what it would define. */
