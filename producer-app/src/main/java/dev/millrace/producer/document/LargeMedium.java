package dev.millrace.producer.document;

import dev.millrace.producer.store.MediaStore;
import dev.millrace.producer.store.ObjectStore;
import java.io.IOException;
import java.util.Optional;

/// A medium that goes to the store whole.
final class LargeMedium implements LargeBody {
    private final MediaType type;
    private final Names names;
    private final StoreLimit limit;
    private final ObjectStore.Upload upload;

    LargeMedium(MediaType type, Names names, MediaStore store) throws IOException {
        this.type = type;
        this.names = names;
        this.limit = new StoreLimit(store.maxBytes());
        this.upload = store.objects().begin();
    }

    @Override
    public Optional<Admission.Rejected> take(byte[] piece) throws IOException {
        Optional<Admission.Rejected> tooLarge = limit.add(piece.length);
        if (tooLarge.isEmpty()) {
            upload.write(piece, 0, piece.length);
        }
        return tooLarge;
    }

    @Override
    public Admission end() throws IOException {
        Document document = new Claim(upload.seal(), type).document(names);
        var _ = upload.commit();
        return new Admission.Accepted(document);
    }

    @Override
    public long memory() {
        return 0;
    }

    @Override
    public void close() {
        upload.close();
    }
}
