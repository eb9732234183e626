package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Takes text and media in one body, `multipart/mixed` or `multipart/form-data`, for one document. The record's value
/// is the body as it came: parts keep their order and their bytes, and `content-type` holds the boundary.
///
/// In a form, the fields `id` and `source` name the document, and `metadata` says what the client likes; every other
/// part is content. Parts hold text in UTF-8, or a medium, as they are; containers within the container are refused.
/// One that is too large for the log lies there with claims in place of its media.
final class MultipartReader implements BodyReader {
    /// An empty line between the texts of two parts, as the trainer has it.
    private static final byte[] BETWEEN = {'\n', '\n'};

    /// A piece for the scanner, which copies it.
    private static final int PIECE = 64 << 10;

    private final MediaType type;
    private final Names names;
    private final FormLimits limits;
    private final QualityRules quality;

    MultipartReader(MediaType type, Names names, FormLimits limits, QualityRules quality) {
        this.type = type;
        this.names = names;
        this.limits = limits;
        this.quality = quality;
    }

    @Override
    public Admission read(byte[] body) {
        return read(body, Map.of());
    }

    /// @param claims that stand in the body in place of media, by the number of the part, from 1
    Admission read(byte[] body, Map<Integer, Claim> claims) {
        Optional<Admission.Rejected> noBoundary = boundaryFault();
        if (noBoundary.isPresent()) {
            return noBoundary.get();
        }
        try {
            return document(body, parts(body, claims));
        } catch (BrokenMultipartException e) {
            return e.rejected();
        }
    }

    @Override
    public Oversize oversize() {
        Optional<MediaStore> store = limits.store();
        Optional<Admission.Rejected> fault = boundaryFault();
        if (store.isEmpty() || fault.isPresent()) {
            return new Oversize.Refused(fault.orElseGet(limits::noStore));
        }
        return new Oversize.Taken(new LargeContainer(
                this, type.boundary().orElseThrow(), limits.maxParts(), limits.maxBytes(), store.get()));
    }

    private Optional<Admission.Rejected> boundaryFault() {
        return MultipartScanner.boundaryFault(type.boundary())
                .map(fault -> Admission.Rejected.nowhere(Fault.SYNTAX, "", fault));
    }

    private List<Part> parts(byte[] body, Map<Integer, Claim> claims) throws BrokenMultipartException {
        Parts parts = new Parts(claims);
        MultipartScanner scanner = new MultipartScanner(type.boundary().orElseThrow(), limits.maxParts(), parts);
        try {
            for (int at = 0; at < body.length; at += PIECE) {
                scanner.feed(body, at, Math.min(PIECE, body.length - at));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory failed", e);
        }
        scanner.end();
        return parts.all;
    }

    /// Gathers the parts of a body that is held whole.
    private static final class Parts implements MultipartScanner.Taker {
        private final Map<Integer, Claim> claims;
        private final List<Part> all = new ArrayList<>();
        private final ByteArrayOutputStream content = new ByteArrayOutputStream();
        private @Nullable PartHead head;

        private Parts(Map<Integer, Claim> claims) {
            this.claims = claims;
        }

        @Override
        public void begin(PartHead begun) {
            head = begun;
            content.reset();
        }

        @Override
        public void content(byte[] bytes, int offset, int length) {
            content.write(bytes, offset, length);
        }

        @Override
        public void end() {
            PartHead whole = head;
            if (whole != null) {
                all.add(new Part(whole, content.toByteArray(), Optional.ofNullable(claims.get(all.size() + 1))));
            }
        }
    }

    private Admission document(byte[] body, List<Part> parts) throws BrokenMultipartException {
        Optional<String> id = names.id();
        Optional<String> source = names.source();
        List<Part> carried = new ArrayList<>();
        List<Part> content = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            Part part = parts.get(i);
            check(part, i + 1);
            switch (part.head().name().orElse("")) {
                case "id" -> id = Optional.of(field("id", part, id));
                case "source" -> source = Optional.of(field("source", part, source));
                case "metadata" -> carried.add(part);
                default -> content.add(part);
            }
        }
        if (content.stream().noneMatch(part -> part.length() > 0)) {
            throw new BrokenMultipartException(Fault.EMPTY, "has no part with content");
        }
        Optional<Admission.Rejected> fault = new Names(id, source).fault(limits.maxNameLength());
        if (fault.isPresent()) {
            return fault.get();
        }
        // Clients draw the boundary anew with each try.
        Document document =
                new Document(body, type.given(), ContentHash.of(content), id, source).carrying(ContentHash.of(carried));
        byte[] text = text(content);
        return text.length == 0 ? new Admission.Accepted(document) : PlainText.admit(document, text, quality);
    }

    /// What is trained of it.
    private static byte[] text(List<Part> content) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Part part : content) {
            if (part.length() > 0 && part.isPlainText()) {
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
        if (!part.isPlainText()) {
            throw new BrokenMultipartException(Fault.TYPE, "says '" + name + "' in a part that is no text");
        }
        return new String(part.content(), StandardCharsets.UTF_8);
    }

    private static void check(Part part, int number) throws BrokenMultipartException {
        if (part.isClaimed()) {
            return;
        }
        part.head().check(number);
        Optional<String> fault = part.isPlainText() ? PlainText.fault(part.content()) : Optional.empty();
        if (fault.isPresent()) {
            throw new BrokenMultipartException(Fault.ENCODING, "has text in part " + number + " that " + fault.get());
        }
    }
}
