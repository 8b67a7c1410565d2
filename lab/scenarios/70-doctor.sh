# doctor finds KVM usable and nothing wrong
# quick
b doctor
b doctor | grep -q "$vmm with kvm.*works" || fail "doctor does not say that $vmm with kvm works"
