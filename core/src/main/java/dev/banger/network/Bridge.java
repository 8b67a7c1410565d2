package dev.banger.network;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.util.List;
import java.util.Optional;

/** The bridge of this home, told from others by its marker. Not thread-safe. */
final class Bridge {
    private final HomeId home;
    private final BridgeSettings settings;
    private final Links links;

    Bridge(HomeId home, BridgeSettings settings, Links links) {
        this.home = home;
        this.settings = settings;
        this.links = links;
    }

    /**
     * Makes or takes up the bridge; one that has another name by now is deleted, unless it is in use.
     *
     * @return whether it was made
     */
    boolean ensure(boolean inUse) {
        List<Links.Link> present = links.list();
        List<Tap> former = present.stream()
                .filter(link -> isOurs(link) && !link.name().equals(settings.name()) || isHalfMade(link))
                .map(Bridge::named)
                .toList();
        if (inUse && !former.isEmpty()) {
            throw new BangerException(
                    ErrorCode.WRONG_STATE,
                    "VMs run on the bridge " + former.getFirst().name() + "; stop them before it becomes "
                            + settings.name());
        }
        Optional<Links.Link> there = present.stream()
                .filter(link -> link.name().equals(settings.name()) && !isHalfMade(link))
                .findFirst();
        if (there.isPresent() && !isOurs(there.get())) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS,
                    "there is a link " + settings.name()
                            + " already that is not banger's; choose another name for the bridge");
        }
        links.delete(former);
        Subnets.requireFree(settings, links.routes());
        if (there.isPresent()) {
            links.repairBridge(settings);
            return false;
        }
        links.createBridge(home, settings);
        return true;
    }

    boolean isThere() {
        return links.find(settings.name()).filter(this::isOurs).isPresent();
    }

    /** Puts it right; what was wrong, empty if nothing was. */
    Optional<String> repair() {
        Optional<Links.Link> link = links.find(settings.name());
        if (link.isEmpty()) {
            Subnets.requireFree(settings, links.routes());
            links.createBridge(home, settings);
            return Optional.of("bridge " + settings.name() + " was gone");
        }
        if (!isOurs(link.get())) {
            throw new BangerException(
                    ErrorCode.ALREADY_EXISTS, "the link " + settings.name() + " is somebody else's now");
        }
        if (!link.get().up()
                || !link.get().addresses().equals(List.of(settings.address() + "/" + settings.prefixLength()))
                || !link.get().mac().equals(settings.mac().text())) {
            links.repairBridge(settings);
            return Optional.of("bridge " + settings.name() + " was down or had other addresses");
        }
        return Optional.empty();
    }

    void delete() {
        links.delete(links.list().stream()
                .filter(link -> link.name().equals(settings.name()) && isOurs(link))
                .map(Bridge::named)
                .toList());
    }

    private static Tap named(Links.Link link) {
        return new Tap(link.name(), link.ifindex());
    }

    private boolean isOurs(Links.Link link) {
        return link.kind().equals("bridge") && link.alias().equals(home.bridgeMarker());
    }

    /** A bridge of ours whose maker was killed before it had set the marker: no other one has this address. */
    private boolean isHalfMade(Links.Link link) {
        return link.kind().equals("bridge")
                && link.name().equals(settings.name())
                && link.alias().isEmpty()
                && link.mac().equals(settings.mac().text())
                && link.addresses().isEmpty();
    }
}
