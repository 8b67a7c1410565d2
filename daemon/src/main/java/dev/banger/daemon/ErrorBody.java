package dev.banger.daemon;

import dev.banger.api.BangerException;
import io.avaje.jsonb.Json;

/** What the REST API answers when it fails. */
@Json
record ErrorBody(String code, String message, String detail) {
    static ErrorBody of(BangerException e) {
        return new ErrorBody(e.code().name(), String.valueOf(e.getMessage()), e.detail());
    }
}
