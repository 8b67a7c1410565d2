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

    static final class Converter implements ITypeConverter<PublishedPort> {
        @Override
        public PublishedPort convert(String value) {
            try {
                return PublishedPort.parse(value);
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
