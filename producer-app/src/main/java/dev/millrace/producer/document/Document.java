package dev.millrace.producer.document;

import java.util.Optional;

/// A document that was accepted, with the very bytes that it came in. Immutable to its readers.
public final class Document {
    private final byte[] json;
    private final String contentHash;
    private final Optional<String> id;
    private final Optional<String> source;

    /// @param json the JSON object as the client gave it; handed over, not copied
    /// @param contentHash SHA-256 of the text in UTF-8, in hex
    Document(byte[] json, String contentHash, Optional<String> id, Optional<String> source) {
        this.json = json;
        this.contentHash = contentHash;
        this.id = id;
        this.source = source;
    }

    /// The value of the record. Not to be changed.
    public byte[] json() {
        return json;
    }

    public String contentHash() {
        return contentHash;
    }

    /// The id that the client gave, if it gave one.
    public Optional<String> clientId() {
        return id;
    }

    public Optional<String> source() {
        return source;
    }

    /// What the document is called in reports, and its key on the log: the client's id, else the content hash. The
    /// same document always lands in the same partition.
    public String key() {
        return id.orElse(contentHash);
    }
}
