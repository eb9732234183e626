package dev.millrace.producer.document;

/// Takes a body as it is for one document: a text, or a medium. What JSON would say of it, its [Names] say.
final class RawReader implements BodyReader {
    private final MediaType type;
    private final Names names;
    private final QualityRules quality;

    RawReader(MediaType type, Names names, QualityRules quality) {
        this.type = type;
        this.names = names;
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
}
