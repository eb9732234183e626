package dev.millrace.producer.source;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A WebDataset shard: files that follow each other and have the same path up to the first dot are one sample.
///
/// Of a sample with a `.txt` that is the text, and where in the shard it lies its source; of one with a `.json` alone,
/// that is the document as it is. One sample's texts are held at a time; other members are passed over.
final class TarSamples {
    private static final Set<String> TEXTS = Set.of("txt", "text");
    /// That are told of a sample without a text.
    private static final int MOST_KINDS = 16;

    private final Path path;
    private final Reading reading;
    private final DocumentFile.Taker taker;
    private long number;
    private @Nullable Sample sample;

    /// What is known of a sample so far.
    private static final class Sample {
        private final String key;
        private final Set<String> kinds = new TreeSet<>();
        private byte @Nullable [] text;
        private byte @Nullable [] json;
        private boolean tooLarge;

        private Sample(String key) {
            this.key = key;
        }
    }

    private TarSamples(Path path, long before, Reading reading, DocumentFile.Taker taker) {
        this.path = path;
        this.number = before;
        this.reading = reading;
        this.taker = taker;
    }

    static void read(Path path, long from, long before, Reading reading, DocumentFile.Taker taker)
            throws IOException, InterruptedException {
        new TarSamples(path, before, reading, taker).read(from);
    }

    private void read(long from) throws IOException, InterruptedException {
        try (InputStream in = Packing.of(path).open(path)) {
            in.skipNBytes(from);
            TarReader tar = new TarReader(path, in, from);
            boolean more = true;
            while (more) {
                Optional<TarEntry> entry = tar.next();
                if (entry.isEmpty()) {
                    var _ = give(tar.at());
                    return;
                }
                Sample now = sample;
                if (now == null || !now.key.equals(entry.get().key())) {
                    more = give(entry.get().begin());
                    now = new Sample(entry.get().key());
                    sample = now;
                }
                if (more) {
                    take(now, entry.get(), tar);
                }
            }
        }
    }

    private void take(Sample into, TarEntry entry, TarReader tar) throws IOException {
        String kind = entry.kind().toLowerCase(Locale.ROOT);
        boolean text = TEXTS.contains(kind);
        if (!text && !kind.equals("json")) {
            if (into.kinds.size() < MOST_KINDS) {
                into.kinds.add(kind);
            }
        } else if (entry.size() > reading.documents().maxBytes()) {
            into.tooLarge = true;
        } else if (text) {
            into.text = tar.content();
        } else {
            into.json = tar.content();
        }
    }

    /// Gives what has been gathered, if there is something.
    ///
    /// @param end of the sample in the archive
    /// @return whether more is wanted
    private boolean give(long end) throws IOException, InterruptedException {
        Sample whole = sample;
        sample = null;
        return whole == null || taker.take(new Item(++number, end, admit(whole), true));
    }

    private Admission admit(Sample whole) {
        if (whole.tooLarge) {
            return reading.documents().tooLarge();
        }
        if (whole.text != null) {
            String source = path.getFileName() + "/" + whole.key;
            return Text.admit(whole.text, Optional.empty(), source, reading.documents());
        }
        if (whole.json != null) {
            return reading.documents().read(whole.json);
        }
        return new Admission.Rejected(
                Fault.MISSING, "text", 1, 1, "is in no member of the sample, which has only " + whole.kinds);
    }
}
