package dev.banger.cli;

import dev.banger.api.BangerException;
import dev.banger.api.PublishedPort;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Published ports as people write them. */
final class Ports {
    private Ports() {}

    /** {@code 8080:80}, {@code 192.0.2.1:8080:80}, or {@code 80} for the same number on both sides. */
    static final class Converter implements ITypeConverter<PublishedPort> {
        @Override
        public PublishedPort convert(String value) {
            String[] parts = value.split(":", -1);
            try {
                return switch (parts.length) {
                    case 1 -> PublishedPort.ofVm(Integer.parseInt(parts[0]), Integer.parseInt(parts[0]));
                    case 2 -> PublishedPort.ofVm(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
                    case 3 -> new PublishedPort(parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
                    default -> throw new NumberFormatException();
                };
            } catch (NumberFormatException e) {
                throw new TypeConversionException(
                        "'" + value + "' is no port mapping; write [ADDRESS:]HOST:GUEST, such as 8080:80");
            } catch (BangerException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }

    static String show(List<PublishedPort> ports) {
        return ports.stream()
                .map(port ->
                        (port.address() == null ? "" : port.address() + ":") + port.hostPort() + ":" + port.guestPort())
                .collect(Collectors.joining(", "));
    }
}
