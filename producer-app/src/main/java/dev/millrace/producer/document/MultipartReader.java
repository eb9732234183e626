package dev.millrace.producer.document;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Takes text and media in one body, `multipart/mixed` or `multipart/form-data`, for one document. The record's value
/// is the body as it came: parts keep their order and their bytes, and `content-type` holds the boundary.
///
/// In a form, the fields `id` and `source` name the document, and `metadata` says what the client likes; every other
/// part is content. Parts hold text in UTF-8, or a medium, as they are; containers within the container are refused.
final class MultipartReader implements BodyReader {
    /// An empty line between the texts of two parts, as the trainer has it.
    private static final byte[] BETWEEN = {'\n', '\n'};

    private final MediaType type;
    private final Names names;
    private final int maxParts;
    private final int maxNameLength;
    private final QualityRules quality;

    MultipartReader(MediaType type, Names names, int maxParts, int maxNameLength, QualityRules quality) {
        this.type = type;
        this.names = names;
        this.maxParts = maxParts;
        this.maxNameLength = maxNameLength;
        this.quality = quality;
    }

    @Override
    public Admission read(byte[] body) {
        Optional<String> noBoundary = MultipartParser.boundaryFault(type.boundary());
        if (noBoundary.isPresent()) {
            return Admission.Rejected.nowhere(Fault.SYNTAX, "", noBoundary.get());
        }
        try {
            return document(body, new MultipartParser(body, type.boundary().orElseThrow(), maxParts).parse());
        } catch (BrokenMultipartException e) {
            return e.rejected();
        }
    }

    private Admission document(byte[] body, List<Part> parts) throws BrokenMultipartException {
        Optional<String> id = names.id();
        Optional<String> source = names.source();
        List<Part> content = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            check(part, i + 1);
            switch (part.name().orElse("")) {
                case "id" -> id = Optional.of(field("id", part, id));
                case "source" -> source = Optional.of(field("source", part, source));
                case "metadata" -> {
                    // Carried along.
                }
                default -> content.add(part);
            }
        }
        if (content.stream().noneMatch(part -> part.length() > 0)) {
            throw new BrokenMultipartException(Fault.EMPTY, "has no part with content");
        }
        Optional<Admission.Rejected> fault = new Names(id, source).fault(maxNameLength);
        if (fault.isPresent()) {
            return fault.get();
        }
        Document document = new Document(body, type.given(), ContentHash.of(content), id, source);
        byte[] text = text(content);
        return text.length == 0 ? new Admission.Accepted(document) : PlainText.admit(document, text, quality);
    }

    /// What is trained of it.
    private static byte[] text(List<Part> content) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Part part : content) {
            if (part.length() > 0 && part.type().filter(MediaType::isPlainText).isPresent()) {
                if (text.size() > 0) {
                    text.writeBytes(BETWEEN);
                }
                text.writeBytes(part.content());
            }
        }
        return text.toByteArray();
    }

    private static String field(String name, Part part, Optional<String> known) throws BrokenMultipartException {
        if (known.isPresent()) {
            throw new BrokenMultipartException(Fault.SYNTAX, "says '" + name + "' twice");
        }
        if (part.type().filter(MediaType::isPlainText).isEmpty()) {
            throw new BrokenMultipartException(Fault.TYPE, "says '" + name + "' in a part that is no text");
        }
        return new String(part.content(), StandardCharsets.UTF_8);
    }

    private static void check(Part part, int number) throws BrokenMultipartException {
        MediaType type = part.type()
                .orElseThrow(() -> new BrokenMultipartException(
                        Fault.TYPE, "has a Content-Type in part " + number + " that is none"));
        String coding = part.header("content-transfer-encoding").orElse("binary");
        if (!List.of("7bit", "8bit", "binary").contains(coding.toLowerCase(Locale.ROOT))) {
            throw new BrokenMultipartException(
                    Fault.TYPE, "has a Content-Transfer-Encoding in part " + number + ": send the bytes as they are");
        }
        if (type.isMultipart()) {
            throw new BrokenMultipartException(Fault.NESTING, "has a multipart in part " + number);
        }
        boolean json = type.isJson() && part.name().equals(Optional.of("metadata"));
        if (!type.isPlainText() && !type.isMedium() && !json) {
            throw new BrokenMultipartException(
                    Fault.TYPE,
                    "holds neither text/plain in UTF-8 nor image/*, audio/* or application/octet-stream in part "
                            + number);
        }
        Optional<String> fault = type.isPlainText() ? PlainText.fault(part.content()) : Optional.empty();
        if (fault.isPresent()) {
            throw new BrokenMultipartException(Fault.ENCODING, "has text in part " + number + " that " + fault.get());
        }
    }
}
