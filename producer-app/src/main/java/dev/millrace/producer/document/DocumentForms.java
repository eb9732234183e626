package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import java.io.IOException;
import java.util.Optional;

/// The kinds of bodies that can be one document, by their media type. Thread-safe.
public final class DocumentForms {
    /// For who sends another.
    public static final String TAKEN = "application/json, text/plain in UTF-8, image/*, audio/*,"
            + " application/octet-stream, multipart/mixed or multipart/form-data";

    private final DocumentReader json;
    private final FormLimits limits;
    private final QualityRules quality;

    /// @param store for media that are too large for the log, if there is one
    public DocumentForms(
            DocumentReader json, int maxNameLength, int maxParts, QualityRules quality, Optional<MediaStore> store) {
        this.json = json;
        this.limits = new FormLimits(json.maxBytes(), maxNameLength, maxParts, store);
        this.quality = quality;
    }

    /// How a body of a type is read; empty where it is none that is taken.
    ///
    /// @param names what the request says beside the body; JSON says the same itself
    public Optional<BodyReader> reader(MediaType type, Names names) {
        if (type.isJson()) {
            return Optional.of(names.isEmpty() ? json : new SaidTwice());
        }
        if (type.isPlainText() || type.isMedium()) {
            return Optional.of(new Guarded(names, new RawReader(type, names, limits, quality)));
        }
        return type.isContainer()
                ? Optional.of(new Guarded(names, new MultipartReader(type, names, limits, quality)))
                : Optional.empty();
    }

    /// Begins the document of a sample that has media.
    public SampleForm sample() {
        return new SampleForm(limits, quality);
    }

    /// What holds for every form but JSON, which has its own.
    private final class Guarded implements BodyReader {
        private final Names names;
        private final BodyReader reader;

        private Guarded(Names names, BodyReader reader) {
            this.names = names;
            this.reader = reader;
        }

        @Override
        public Admission read(byte[] body) {
            if (body.length > limits.maxBytes()) {
                return limits.tooLarge();
            }
            Optional<Admission.Rejected> fault = names.fault(limits.maxNameLength());
            return fault.isPresent() ? fault.get() : reader.read(body);
        }

        @Override
        public Oversize oversize() throws IOException {
            Optional<Admission.Rejected> fault = names.fault(limits.maxNameLength());
            return fault.isPresent() ? new Oversize.Refused(fault.get()) : reader.oversize();
        }
    }

    private static final class SaidTwice implements BodyReader {
        @Override
        public Admission read(byte[] body) {
            return Admission.Rejected.nowhere(Fault.SYNTAX, "", "is JSON, which says 'id' and 'source' itself");
        }

        @Override
        public Oversize oversize() {
            return new Oversize.Refused(
                    Admission.Rejected.nowhere(Fault.SYNTAX, "", "is JSON, which says 'id' and 'source' itself"));
        }
    }
}
