package dev.millrace.producer.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.UncheckedIOException;

/// JSON objects, a line each, written straight to bytes: as trees of values they cost a stream more than its parsing.
///
/// Not thread-safe; once taken, used up.
final class ReportLines {
    private static final JsonFactory JSON =
            new JsonFactoryBuilder().rootValueSeparator((String) null).build();

    private final ByteArrayBuilder bytes = new ByteArrayBuilder();
    private final JsonGenerator json;

    ReportLines() {
        try {
            json = JSON.createGenerator(bytes);
        } catch (IOException e) {
            throw inMemory(e);
        }
    }

    /// Writes the members of an object.
    @FunctionalInterface
    interface Members {
        void write(JsonGenerator json) throws IOException;
    }

    /// An object alone, without line feed.
    static Buffer object(Members members) {
        ReportLines one = new ReportLines();
        one.write(members);
        return one.take();
    }

    ReportLines line(Members members) {
        write(members);
        try {
            json.writeRaw('\n');
        } catch (IOException e) {
            throw inMemory(e);
        }
        return this;
    }

    private void write(Members members) {
        try {
            json.writeStartObject();
            members.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw inMemory(e);
        }
    }

    /// How many bytes there are.
    int size() {
        return bytes.size() + json.getOutputBuffered();
    }

    /// All lines.
    Buffer take() {
        try {
            json.close();
            return Buffer.buffer(bytes.toByteArray());
        } catch (IOException e) {
            throw inMemory(e);
        }
    }

    private static UncheckedIOException inMemory(IOException e) {
        return new UncheckedIOException("writing to memory failed", e);
    }
}
