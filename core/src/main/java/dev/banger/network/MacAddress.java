package dev.banger.network;

import dev.banger.api.BangerException;

/** A MAC address of one station, {@code 02:00:5e:10:00:01}; lower case. */
public record MacAddress(String text) {
    public MacAddress {
        if (!text.matches("[0-9a-f][02468ace](:[0-9a-f]{2}){5}")) {
            throw BangerException.invalid(text + " is no MAC address of one station, such as 02:00:5e:10:00:01");
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
