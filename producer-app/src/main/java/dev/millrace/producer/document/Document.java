package dev.millrace.producer.document;

import java.util.Optional;

/// A document that was accepted, with the very bytes that it came in. Immutable to its readers.
public final class Document {
    private final byte[] value;
    private final String contentType;
    private final String contentHash;
    private final Optional<String> id;
    private final Optional<String> source;
    private final Optional<String> carriedHash;
    private final Optional<EncodingDamage> damage;

    /// @param value the body as the client gave it; handed over, not copied
    /// @param contentType what it is
    /// @param contentHash as [ContentHash] has it
    Document(byte[] value, String contentType, String contentHash, Optional<String> id, Optional<String> source) {
        this(value, contentType, contentHash, id, source, Optional.empty(), Optional.empty());
    }

    private Document(
            byte[] value,
            String contentType,
            String contentHash,
            Optional<String> id,
            Optional<String> source,
            Optional<String> carriedHash,
            Optional<EncodingDamage> damage) {
        this.value = value;
        this.contentType = contentType;
        this.contentHash = contentHash;
        this.id = id;
        this.source = source;
        this.carriedHash = carriedHash;
        this.damage = damage;
    }

    /// The same, with a flag.
    Document flagged(EncodingDamage sign) {
        return new Document(value, contentType, contentHash, id, source, carriedHash, Optional.of(sign));
    }

    /// The same, where its bytes are others with each try.
    ///
    /// @param hash of what it carries beside its content
    Document carrying(String hash) {
        return new Document(value, contentType, contentHash, id, source, Optional.of(hash), damage);
    }

    /// The value of the record. Not to be changed.
    public byte[] value() {
        return value;
    }

    /// Its media type, with parameters.
    public String contentType() {
        return contentType;
    }

    /// Its media type without parameters: the boundary of a form is another with each try.
    public String essence() {
        return MediaType.parse(contentType).map(MediaType::essence).orElse(contentType);
    }

    public String contentHash() {
        return contentHash;
    }

    /// A SHA-256, in hex, of what it carries beside its content: `metadata`, say. It is the same for a document that is
    /// sent again as it was.
    public String carriedHash() {
        return carriedHash.orElseGet(() -> ContentHash.of(value));
    }

    /// The id that the client gave, if it gave one.
    public Optional<String> clientId() {
        return id;
    }

    public Optional<String> source() {
        return source;
    }

    /// What it is flagged for: the text was probably decoded wrongly before it came here.
    public Optional<EncodingDamage> damage() {
        return damage;
    }

    /// What the document is called in reports, and its key on the log: the client's id, else the content hash. The
    /// same document always lands in the same partition.
    public String key() {
        return id.orElse(contentHash);
    }
}
