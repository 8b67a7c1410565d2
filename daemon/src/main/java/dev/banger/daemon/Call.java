package dev.banger.daemon;

import dev.banger.api.BangerException;
import java.io.OutputStream;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/** One HTTP request on its way through a {@link Route}. */
record Call(
        Request request,
        Response response,
        Map<String, String> path,
        @Nullable Object body) {
    /** A part of the path. */
    String part(String name) {
        String value = path.get(name);
        if (value == null) {
            throw new IllegalArgumentException("the route has no part " + name);
        }
        return value;
    }

    /** A query parameter. */
    Optional<String> query(String name) {
        return Optional.ofNullable(Request.extractQueryParameters(request).getValue(name));
    }

    boolean flag(String name) {
        return query(name)
                .filter(value -> value.isEmpty() || value.equals("true") || value.equals("1"))
                .isPresent();
    }

    /** The request's body. */
    <T> T body(Class<T> type) {
        if (body == null) {
            throw BangerException.invalid("the request needs a JSON body");
        }
        return type.cast(body);
    }

    /** Answers as a stream; the caller closes it. */
    OutputStream stream(String contentType) {
        response.setStatus(200);
        response.getHeaders().put("Content-Type", contentType);
        response.getHeaders().put("Cache-Control", "no-store");
        return Content.Sink.asOutputStream(response);
    }
}
