package dev.banger.kernel;

import java.nio.file.Path;

/** Puts together what a VM boots into: the guest agent and the modules it must load itself. */
public interface InitramfsAssembler {
    /**
     * The initramfs of this kernel for this daemon's agent, made if it is not there yet. Published by rename; concurrent
     * calls are harmless. Deterministic: same inputs, same bytes.
     */
    Path initramfs(Kernel kernel);
}
