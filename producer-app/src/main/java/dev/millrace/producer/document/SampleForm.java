package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import dev.millrace.producer.store.ObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Text and media that lie beside each other in files, as the form that a client would send of them; a medium alone as
/// itself. Media that together are too large for the log go to the store, as of a body that is.
///
/// Holds at most `millrace.documents.max-size` bytes of media. Not thread-safe.
public final class SampleForm implements AutoCloseable {
    private final FormLimits limits;
    private final QualityRules quality;
    private final Optional<StoreLimit> storeLimit;
    private final List<Medium> media = new ArrayList<>();
    private boolean stored;
    private long held;
    private @Nullable Medium open;
    private Admission.@Nullable Rejected fault;

    SampleForm(FormLimits limits, QualityRules quality) {
        this.limits = limits;
        this.quality = quality;
        this.storeLimit = limits.store().map(store -> new StoreLimit(store.maxBytes()));
    }

    /// One of its media: held, or on its way to the store.
    private static final class Medium implements AutoCloseable {
        private final PartHead head;
        private final MediaType type;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private ObjectStore.@Nullable Upload upload;
        private @Nullable Claim claim;

        private Medium(PartHead head, MediaType type) {
            this.head = head;
            this.type = type;
        }

        private void write(byte[] content, int offset, int length) throws IOException {
            if (upload == null) {
                bytes.write(content, offset, length);
            } else {
                upload.write(content, offset, length);
            }
        }

        private void moveTo(ObjectStore store) throws IOException {
            ObjectStore.Upload begun = store.begin();
            upload = begun;
            begun.write(bytes.toByteArray(), 0, bytes.size());
            bytes.reset();
        }

        private void seal() throws IOException {
            if (upload != null && claim == null) {
                claim = new Claim(upload.seal(), type);
            }
        }

        private String sha256() {
            return claim == null
                    ? ContentHash.of(bytes.toByteArray())
                    : claim.object().sha256();
        }

        @Override
        public void close() {
            if (upload != null) {
                upload.close();
            }
        }
    }

    /// Begins a medium, and ends the one before.
    ///
    /// @param name of it in the form
    public void begin(String name, MediaType type) throws IOException {
        endMedium();
        if (media.size() == limits.maxParts()) {
            fault = Admission.Rejected.nowhere(
                    Fault.TOO_LARGE, "", "has more media than millrace.documents.max-parts = " + limits.maxParts());
            return;
        }
        Medium medium = new Medium(head(name, type.given()), type);
        media.add(medium);
        open = medium;
        if (stored) {
            medium.moveTo(limits.store().orElseThrow().objects());
        }
    }

    private void endMedium() throws IOException {
        if (open != null) {
            open.seal();
            open = null;
        }
    }

    private static PartHead head(String name, String type) {
        return new PartHead(
                List.of(
                        // What a file is called is any bytes; a header is not.
                        "Content-Disposition: form-data; name=\"" + name.replaceAll("[^A-Za-z0-9._-]", "_") + "\"",
                        "Content-Type: " + type),
                Map.of());
    }

    /// Bytes of the medium that was begun. Once the sample is certain to be refused they are dropped.
    public void content(byte[] bytes, int offset, int length) throws IOException {
        Medium into = open;
        if (into == null || fault != null) {
            return;
        }
        fault = storeLimit.flatMap(limit -> limit.add(length)).orElse(null);
        if (fault == null && !stored && held + length > limits.maxBytes()) {
            store();
        }
        if (fault == null) {
            into.write(bytes, offset, length);
            held += stored ? 0 : length;
        }
    }

    /// From here on all media go to the store.
    private void store() throws IOException {
        Optional<MediaStore> store = limits.store();
        if (store.isEmpty()) {
            fault = limits.noStore();
            return;
        }
        stored = true;
        for (Medium each : media) {
            each.moveTo(store.get().objects());
            if (each != open) {
                each.seal();
            }
        }
    }

    /// The sample is over. Where it is accepted, what went to the store is there, for good.
    ///
    /// @param names what is said of it beside its files
    /// @param text of it
    /// @param metadata that is carried along, in JSON
    /// @throws IOException where the store does not take it
    public Admission end(Names names, Optional<byte[]> text, Optional<byte[]> metadata) throws IOException {
        endMedium();
        fault = names.fault(limits.maxNameLength()).orElse(fault);
        boolean alone = media.size() == 1 && text.isEmpty() && metadata.isEmpty();
        if (fault == null && !stored && !alone && form(text, metadata).bytes().length > limits.maxBytes()) {
            store();
        }
        if (fault != null) {
            return fault;
        }
        Admission admission = alone ? alone(names, media.getFirst()) : together(names, text, metadata);
        if (admission instanceof Admission.Accepted) {
            for (Medium each : media) {
                if (each.upload != null) {
                    var _ = each.upload.commit();
                }
            }
        }
        return admission;
    }

    private Admission alone(Names names, Medium medium) {
        return medium.claim == null
                ? new RawReader(medium.type, names, limits, quality).read(medium.bytes.toByteArray())
                : new Admission.Accepted(medium.claim.document(names));
    }

    private Admission together(Names names, Optional<byte[]> text, Optional<byte[]> metadata) {
        byte[] body = form(text, metadata).bytes();
        if (body.length > limits.maxBytes()) {
            return limits.tooLarge();
        }
        Map<Integer, Claim> claims = new HashMap<>();
        for (int i = 0; i < media.size(); i++) {
            Claim claim = media.get(i).claim;
            if (claim != null) {
                claims.put(i + 1, claim);
            }
        }
        MediaType type = MediaType.parse("multipart/form-data; boundary=" + boundary(text))
                .orElseThrow();
        return new MultipartReader(type, names, limits, quality).read(body, claims);
    }

    private ContainerWriter form(Optional<byte[]> text, Optional<byte[]> metadata) {
        ContainerWriter form = new ContainerWriter(boundary(text));
        for (Medium each : media) {
            if (each.claim == null) {
                form.begin(each.head.lines());
                form.content(each.bytes.toByteArray(), 0, each.bytes.size());
            } else {
                form.claim(each.head, each.claim);
            }
        }
        text.ifPresent(content -> {
            form.begin(head("text", "text/plain").lines());
            form.content(content, 0, content.length);
        });
        metadata.ifPresent(content -> {
            form.begin(head("metadata", "application/json").lines());
            form.content(content, 0, content.length);
        });
        form.end();
        return form;
    }

    /// The same for the same sample, and in none of its parts but by one chance in 2^128.
    private String boundary(Optional<byte[]> text) {
        StringBuilder hashes = new StringBuilder(text.map(ContentHash::of).orElse(""));
        media.forEach(each -> hashes.append(each.sha256()));
        return ContentHash.of(hashes.toString()).substring(0, 32);
    }

    /// Unless it was accepted, nothing of it remains. Never throws.
    @Override
    public void close() {
        media.forEach(Medium::close);
    }
}
