package dev.millrace.producer.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/// How far a file is on the log: everything up to here was committed with it, or rejected and told.
///
/// @param file its absolute path
/// @param head what tells a replaced file from the one that was read
/// @param line lines read, blank ones included
/// @param bytes bytes read, as they are when unpacked
record FileCursor(Path file, FileHead head, long line, long bytes) {
    static FileCursor beginningOf(Path file) {
        return new FileCursor(file, FileHead.NONE, 0, 0);
    }

    /// As it lies on the state topic. A tree, so that the native image needs no reflection.
    void write(ObjectNode json) {
        json.put("file", file.toString())
                .put("head", head.sha256())
                .put("headBytes", head.bytes())
                .put("line", line)
                .put("bytes", bytes);
    }

    static FileCursor read(JsonNode json) {
        return new FileCursor(
                Path.of(json.required("file").asText()),
                new FileHead(
                        json.required("headBytes").asInt(),
                        json.required("head").asText()),
                json.required("line").asLong(),
                json.required("bytes").asLong());
    }
}
