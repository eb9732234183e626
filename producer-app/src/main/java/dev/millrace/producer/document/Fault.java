package dev.millrace.producer.document;

import java.util.Locale;

/// What kind of fault a document was rejected for: the metric's tag, and so no more than these.
public enum Fault {
    /// The body is not packed as its `Content-Encoding` says, or breaks off.
    PACKING,
    /// There was no room to unpack it.
    BUSY,
    /// Not UTF-8, a byte order mark, an unpaired surrogate.
    ENCODING,
    /// Not one JSON object.
    SYNTAX,
    /// More levels, or a longer number or name, than may be.
    NESTING,
    TOO_LARGE,
    /// A field is of another type than it must be.
    TYPE,
    /// `text` is not there.
    MISSING,
    EMPTY,
    /// A field is longer than it may be.
    TOO_LONG,
    /// Fewer or more characters than [QualityConfig] asks for.
    LENGTH,
    /// Too many symbols.
    SYMBOLS,
    /// Too many lines, or words, that stood there before.
    REPETITION,
    /// Signs of a wrong decoding.
    DAMAGED;

    /// As it stands in metrics.
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
