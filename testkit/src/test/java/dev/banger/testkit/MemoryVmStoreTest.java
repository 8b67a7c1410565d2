package dev.banger.testkit;

import dev.banger.vm.VmStore;

class MemoryVmStoreTest extends VmStoreConformance {
    @Override
    protected VmStore store() {
        return new MemoryVmStore();
    }
}
