package dev.banger.host.http;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Proxies as curl(1) finds them: {@code https_proxy}, {@code http_proxy}, {@code all_proxy} and {@code no_proxy} in the environment, in
 * small letters first. This host's own addresses are reached directly. Thread-safe.
 */
final class EnvironmentProxies extends ProxySelector {
    private static final Pattern PROXY =
            Pattern.compile("(?:http://)?([A-Za-z0-9.-]+|\\[[0-9a-fA-F:]+]):([0-9]{1,5})/?");

    private final Map<String, String> environment;

    EnvironmentProxies(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    @Override
    public List<Proxy> select(URI uri) {
        String host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
        if (HttpFetch.isLoopback(host) || isExempt(host)) {
            return List.of(Proxy.NO_PROXY);
        }
        for (String name : List.of(String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT) + "_proxy", "all_proxy")) {
            String value = variable(name);
            if (!value.isEmpty()) {
                return List.of(proxy(name, value));
            }
        }
        return List.of(Proxy.NO_PROXY);
    }

    private Proxy proxy(String name, String value) {
        Matcher matcher = PROXY.matcher(value);
        if (!matcher.matches()) {
            // Neither the value nor a part of it is told: it may have a password in it.
            throw new BangerException(
                    ErrorCode.PRECONDITION_FAILED,
                    "the proxy that " + name
                            + " names in the daemon's environment cannot be used: banger speaks to http://HOST:PORT,"
                            + " without a password");
        }
        // Unresolved would be resolved by nobody: the client connects to the address itself.
        return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(matcher.group(1), Integer.parseInt(matcher.group(2))));
    }

    private boolean isExempt(String host) {
        return Arrays.stream(variable("no_proxy").toLowerCase(Locale.ROOT).split("[,\\s]+"))
                .map(each -> each.startsWith("*.") ? each.substring(1) : each)
                .anyMatch(each -> each.equals("*")
                        || !each.isEmpty()
                                && (host.equals(each) || host.endsWith(each.startsWith(".") ? each : "." + each)));
    }

    private String variable(String name) {
        String small = environment.getOrDefault(name, "");
        return small.isEmpty() ? environment.getOrDefault(name.toUpperCase(Locale.ROOT), "") : small;
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // Whoever asked is told by the failure itself.
    }
}
