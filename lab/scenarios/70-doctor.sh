# doctor finds KVM usable and nothing wrong
# quick
said=$(b doctor)
printf '%s\n' "$said"
case $said in
*"$vmm with kvm: works"*) ;;
*) fail "doctor does not say that $vmm with kvm works" ;;
esac
