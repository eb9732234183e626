package dev.millrace.producer.document;

import java.util.Optional;

/// The kinds of bodies that can be one document, by their media type. Thread-safe.
public final class DocumentForms {
    /// For who sends another.
    public static final String TAKEN = "application/json, text/plain in UTF-8, image/*, audio/*,"
            + " application/octet-stream, multipart/mixed or multipart/form-data";

    private final DocumentReader json;
    private final int maxNameLength;
    private final int maxParts;
    private final QualityRules quality;

    public DocumentForms(DocumentReader json, int maxNameLength, int maxParts, QualityRules quality) {
        this.json = json;
        this.maxNameLength = maxNameLength;
        this.maxParts = maxParts;
        this.quality = quality;
    }

    /// How a body of a type is read; empty where it is none that is taken.
    ///
    /// @param names what the request says beside the body; JSON says the same itself
    public Optional<BodyReader> reader(MediaType type, Names names) {
        if (type.isJson()) {
            return Optional.of(names.isEmpty() ? json::read : _ -> saidTwice());
        }
        if (type.isPlainText() || type.isMedium()) {
            return Optional.of(guarded(names, new RawReader(type, names, quality)));
        }
        return type.isContainer()
                ? Optional.of(guarded(names, new MultipartReader(type, names, maxParts, maxNameLength, quality)))
                : Optional.empty();
    }

    /// What holds for every form but JSON, which has its own.
    private BodyReader guarded(Names names, BodyReader reader) {
        return body -> {
            if (body.length > json.maxBytes()) {
                return json.tooLarge();
            }
            Optional<Admission.Rejected> fault = names.fault(maxNameLength);
            return fault.isPresent() ? fault.get() : reader.read(body);
        };
    }

    private static Admission.Rejected saidTwice() {
        return Admission.Rejected.nowhere(Fault.SYNTAX, "", "is JSON, which says 'id' and 'source' itself");
    }
}
