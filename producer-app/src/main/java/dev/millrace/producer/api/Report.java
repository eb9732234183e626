package dev.millrace.producer.api;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.EncodingDamage;
import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.publish.Delivery;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/// The delivery report of one document, in the form that clients read.
sealed interface Report {
    /// What became of a document.
    enum Status {
        DELIVERED,
        /// Its text is on the log already, where the report says; nothing was sent.
        DUPLICATE,
        REJECTED,
        FAILED,
        UNKNOWN;

        private final String text = name().toLowerCase(Locale.ROOT);

        String text() {
            return text;
        }
    }

    /// Of what was never sent: it is no document, or a fault of ours kept it from being read.
    ///
    /// @param index in its request, from 0; blank lines have none
    /// @param status rejected or failed
    record Unsent(long index, Status status, String reason) implements Report {
        static Unsent rejected(long index, String reason) {
            return new Unsent(index, Status.REJECTED, reason);
        }

        static Unsent failed(long index, String reason) {
            return new Unsent(index, Status.FAILED, reason);
        }

        @Override
        public void writeMembers(JsonGenerator json) throws IOException {
            json.writeNumberField("index", index);
            json.writeStringField("status", status.text());
            json.writeStringField("reason", reason);
        }
    }

    /// Of a document.
    ///
    /// @param index in its request, from 0; blank lines have none
    /// @param id as [Document#key]
    /// @param suspect what it was flagged for
    record Answered(long index, String id, Optional<EncodingDamage> suspect, Answer answer) implements Report {
        static Answered of(long index, Document document, Answer answer) {
            return new Answered(index, document.key(), document.damage(), answer);
        }

        @Override
        public Status status() {
            return switch (answer) {
                case Delivery.Delivered _ -> Status.DELIVERED;
                case Answer.Duplicate _ -> Status.DUPLICATE;
                case Answer.Conflict _ -> Status.REJECTED;
                case Delivery.Failed _ -> Status.FAILED;
                case Delivery.Unknown _ -> Status.UNKNOWN;
            };
        }

        @Override
        public void writeMembers(JsonGenerator json) throws IOException {
            json.writeNumberField("index", index);
            json.writeStringField("id", id);
            json.writeStringField("status", status().text());
            if (suspect.isPresent()) {
                json.writeStringField("suspect", suspect.get().tag());
            }
            switch (answer) {
                case Delivery.Delivered on -> writePlace(json, on);
                case Answer.Duplicate of -> writePlace(json, of.first());
                case Answer.Conflict other -> json.writeStringField("reason", other.reason());
                case Delivery.Failed not -> json.writeStringField("reason", not.reason());
                case Delivery.Unknown open -> json.writeStringField("reason", open.reason());
            }
        }

        private static void writePlace(JsonGenerator json, Delivery.Delivered on) throws IOException {
            json.writeStringField("topic", on.topic());
            json.writeNumberField("partition", on.partition());
            json.writeNumberField("offset", on.offset());
            json.writeNumberField("timestamp", on.timestamp());
        }
    }

    Status status();

    /// Writes the members of its JSON object.
    void writeMembers(JsonGenerator json) throws IOException;
}
