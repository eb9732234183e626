package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import dev.millrace.producer.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Text and media in one body: each medium goes to the store, and a claim takes its place between the other parts,
/// which stay as they are. What comes of that is read like any container.
final class LargeContainer implements LargeBody {
    private final MultipartReader reader;
    private final ObjectStore store;
    private final StoreLimit limit;
    private final int maxBytes;
    private final MultipartScanner scanner;
    private final ContainerWriter value;
    private final List<ObjectStore.Upload> uploads = new ArrayList<>();
    private final Map<Integer, Claim> claims = new HashMap<>();

    /// @param maxBytes of what is left for the log
    LargeContainer(MultipartReader reader, String boundary, int maxParts, int maxBytes, MediaStore store) {
        this.reader = reader;
        this.store = store.objects();
        this.limit = new StoreLimit(store.maxBytes());
        this.maxBytes = maxBytes;
        this.value = new ContainerWriter(boundary);
        this.scanner = new MultipartScanner(boundary, maxParts, new Divider());
    }

    @Override
    public Optional<Admission.Rejected> take(byte[] piece) throws IOException {
        Optional<Admission.Rejected> tooLarge = limit.add(piece.length);
        if (tooLarge.isPresent()) {
            return tooLarge;
        }
        try {
            scanner.feed(piece, 0, piece.length);
            return Optional.empty();
        } catch (BrokenMultipartException e) {
            return Optional.of(e.rejected());
        }
    }

    @Override
    public Admission end() throws IOException {
        try {
            scanner.end();
        } catch (BrokenMultipartException e) {
            return e.rejected();
        }
        value.end();
        Admission admission = reader.read(value.bytes(), claims);
        if (admission instanceof Admission.Accepted) {
            for (ObjectStore.Upload upload : uploads) {
                var _ = upload.commit();
            }
        }
        return admission;
    }

    @Override
    public long memory() {
        return (long) value.size() + scanner.memory();
    }

    @Override
    public void close() {
        uploads.forEach(ObjectStore.Upload::close);
    }

    /// Sends each part where it belongs.
    private final class Divider implements MultipartScanner.Taker {
        private int part;
        private @Nullable Medium medium;

        private record Medium(PartHead head, MediaType type, ObjectStore.Upload upload) {}

        @Override
        public void begin(PartHead head) throws BrokenMultipartException, IOException {
            part++;
            // The type of a claim is refused here, too: clients make none.
            head.check(part);
            Optional<MediaType> type = head.type().filter(MediaType::isMedium);
            if (type.isPresent()) {
                ObjectStore.Upload upload = store.begin();
                uploads.add(upload);
                medium = new Medium(head, type.get(), upload);
            } else {
                value.begin(head.lines());
                checkSize(0);
            }
        }

        @Override
        public void content(byte[] bytes, int offset, int length) throws BrokenMultipartException, IOException {
            Medium now = medium;
            if (now != null) {
                now.upload().write(bytes, offset, length);
                return;
            }
            checkSize(length);
            value.content(bytes, offset, length);
        }

        @Override
        public void end() throws BrokenMultipartException, IOException {
            Medium now = medium;
            if (now != null) {
                Claim claim = new Claim(now.upload().seal(), now.type());
                value.claim(now.head(), claim);
                claims.put(part, claim);
                medium = null;
                checkSize(0);
            }
        }

        private void checkSize(int more) throws BrokenMultipartException {
            if (value.size() + more > maxBytes) {
                throw new BrokenMultipartException(
                        Fault.TOO_LARGE,
                        "holds, beside its media, more than millrace.documents.max-size = " + maxBytes + " bytes");
            }
        }
    }
}
