package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import java.io.IOException;
import java.util.Optional;

/// Takes a body as it is for one document: a text, or a medium. What JSON would say of it, its [Names] say.
final class RawReader implements BodyReader {
    private final MediaType type;
    private final Names names;
    private final FormLimits limits;
    private final QualityRules quality;

    RawReader(MediaType type, Names names, FormLimits limits, QualityRules quality) {
        this.type = type;
        this.names = names;
        this.limits = limits;
        this.quality = quality;
    }

    @Override
    public Admission read(byte[] body) {
        if (body.length == 0) {
            return Admission.Rejected.nowhere(Fault.EMPTY, "", "is empty");
        }
        Document document = new Document(body, type.given(), ContentHash.of(body), names.id(), names.source());
        return type.isPlainText() ? PlainText.admit(document, body, quality) : new Admission.Accepted(document);
    }

    @Override
    public Oversize oversize() throws IOException {
        if (type.isPlainText()) {
            return new Oversize.Refused(limits.tooLarge());
        }
        Optional<MediaStore> store = limits.store();
        return store.isEmpty()
                ? new Oversize.Refused(limits.noStore())
                : new Oversize.Taken(new LargeMedium(type, names, store.get()));
    }
}
