package dev.banger.daemon;

import dev.banger.api.BangerApi;
import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the route of a request, runs it and turns what it returns or throws into JSON. Thread-safe. */
final class HttpRoutes extends Handler.Abstract {
    private static final Logger LOG = LoggerFactory.getLogger(HttpRoutes.class);
    private static final int LONGEST_BODY = 1024 * 1024;

    private final Jsonb json = Jsonb.builder()
            .failOnUnknown(true)
            .serializeNulls(true)
            .serializeEmpty(true)
            .build();
    private final List<Route> routes;
    private final String openApi;
    private final BangerApi api;

    HttpRoutes(BangerApi api) {
        this.api = api;
        routes = ApiRoutes.of(api, json);
        openApi = OpenApi.document(routes);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        String path = Request.getPathInContext(request);
        try {
            if (path.equals("/openapi.json")) {
                send(response, callback, 200, "application/json", openApi);
                return true;
            }
            if (path.equals("/metrics")) {
                send(response, callback, 200, "text/plain;version=0.0.4;charset=utf-8", Metrics.text(api));
                return true;
            }
            dispatch(path, request, response, callback);
        } catch (BangerException e) {
            fail(response, callback, e);
        } catch (Exception e) { // the request loop: a defect becomes an answer, and a trace in the log
            LOG.error("{} {} failed", request.getMethod(), path, e);
            fail(
                    response,
                    callback,
                    new BangerException(ErrorCode.INTERNAL, "internal error; the daemon's log has more"));
        }
        return true;
    }

    private void dispatch(String path, Request request, Response response, Callback callback) throws Exception {
        boolean known = false;
        for (Route route : routes) {
            Optional<Map<String, String>> parts = route.match(path);
            if (parts.isEmpty()) {
                continue;
            }
            known = true;
            if (route.method().equals(request.getMethod())) {
                Object answer = route.action().run(new Call(request, response, parts.get(), body(route, request)));
                if (answer != null) {
                    send(response, callback, route.status(), "application/json", json.toJson(answer));
                } else {
                    if (!response.isCommitted()) {
                        response.setStatus(route.status());
                    }
                    callback.succeeded();
                }
                return;
            }
        }
        throw BangerException.notFound(
                known
                        ? request.getMethod() + " is not possible on " + path
                        : "there is nothing at " + path + "; GET /openapi.json lists what there is");
    }

    private @Nullable Object body(Route route, Request request) throws IOException {
        if (route.request() == null) {
            return null;
        }
        try (InputStream in = Content.Source.asInputStream(request)) {
            byte[] bytes = in.readNBytes(LONGEST_BODY + 1);
            if (bytes.length > LONGEST_BODY) {
                throw BangerException.invalid("the body is longer than 1 MiB");
            }
            String text = new String(bytes, StandardCharsets.UTF_8);
            try {
                return json.type(route.request()).fromJson(text.isBlank() ? "{}" : text);
            } catch (BangerException e) {
                throw e;
            } catch (RuntimeException e) { // the parser's own exceptions for text that is not what was asked for
                throw new BangerException(
                        ErrorCode.INVALID_ARGUMENT, "the body is not as it should be: " + e.getMessage(), e);
            }
        }
    }

    private void fail(Response response, Callback callback, BangerException e) {
        if (response.isCommitted()) {
            callback.failed(e);
        } else {
            send(response, callback, e.code().httpStatus(), "application/json", json.toJson(ErrorBody.of(e)));
        }
    }

    private static void send(Response response, Callback callback, int status, String type, String text) {
        response.setStatus(status);
        response.getHeaders().put("Content-Type", type);
        response.write(true, ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8)), callback);
    }
}
