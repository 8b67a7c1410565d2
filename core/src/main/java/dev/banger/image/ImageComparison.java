package dev.banger.image;

import dev.banger.api.ImageDiff;

/** Looks into root file systems. */
public interface ImageComparison {
    /** What has changed from one image to another one. Interruptible. */
    ImageDiff compare(Image before, Image after);
}
