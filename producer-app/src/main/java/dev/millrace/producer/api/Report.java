package dev.millrace.producer.api;

import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.publish.Delivery;
import io.vertx.core.json.JsonObject;

/// The delivery report of one document, in the form that clients read.
///
/// @param index of the document in its request, from 0; blank lines have none
/// @param id as [dev.millrace.producer.document.Document#key]; empty where the document was rejected
record Report(long index, String id, Status status, JsonObject rest) {
    /// What became of a document.
    enum Status {
        DELIVERED,
        /// Its text is on the log already, where the report says; nothing was sent.
        DUPLICATE,
        REJECTED,
        FAILED,
        UNKNOWN;

        String text() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    static Report rejected(long index, String reason) {
        return new Report(index, "", Status.REJECTED, new JsonObject().put("reason", reason));
    }

    static Report of(long index, String id, Answer answer) {
        return switch (answer) {
            case Delivery.Delivered on -> new Report(index, id, Status.DELIVERED, place(on));
            case Answer.Duplicate of -> new Report(index, id, Status.DUPLICATE, place(of.first()));
            case Answer.Conflict other ->
                new Report(index, id, Status.REJECTED, new JsonObject().put("reason", other.reason()));
            case Delivery.Failed not ->
                new Report(index, id, Status.FAILED, new JsonObject().put("reason", not.reason()));
            case Delivery.Unknown open ->
                new Report(index, id, Status.UNKNOWN, new JsonObject().put("reason", open.reason()));
        };
    }

    private static JsonObject place(Delivery.Delivered on) {
        return new JsonObject()
                .put("topic", on.topic())
                .put("partition", on.partition())
                .put("offset", on.offset())
                .put("timestamp", on.timestamp());
    }

    JsonObject json() {
        JsonObject json = new JsonObject().put("index", index);
        if (!id.isEmpty()) {
            json.put("id", id);
        }
        return json.put("status", status.text()).mergeIn(rest);
    }
}
