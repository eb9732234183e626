package dev.millrace.producer.source;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.document.MediaType;
import dev.millrace.producer.document.Names;
import dev.millrace.producer.document.SampleForm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// A WebDataset shard: files that follow each other and have the same path up to the first dot are one sample.
///
/// Of a sample with a `.txt` that is the text, and where in the shard it lies its source; of one with a `.json` alone,
/// that is the document as it is. A sample with images or sounds is one form of these and its text, with the `.json`
/// as metadata; other members are passed over. One sample's texts are held at a time, and media as far as they fit on
/// the log.
final class TarSamples {
    private static final Set<String> TEXTS = Set.of("txt", "text");
    /// That are told of a sample without a text.
    private static final int MOST_KINDS = 16;

    private final DocumentFile file;
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
        private @Nullable SampleForm form;

        private Sample(String key) {
            this.key = key;
        }

        private void close() {
            if (form != null) {
                form.close();
            }
        }
    }

    private TarSamples(DocumentFile file, long before, Reading reading, DocumentFile.Taker taker) {
        this.file = file;
        this.number = before;
        this.reading = reading;
        this.taker = taker;
    }

    static void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
            throws IOException, InterruptedException {
        new TarSamples(file, before, reading, taker).read(from);
    }

    private void read(long from) throws IOException, InterruptedException {
        try (NamedStream in = Packing.open(file)) {
            in.skipNBytes(from);
            TarReader tar = new TarReader(file.path(), in, from);
            boolean more = true;
            while (more) {
                Optional<TarEntry> entry = tar.next();
                if (entry.isEmpty()) {
                    var _ = give(tar.at(), in.fileBytes());
                    return;
                }
                Sample now = sample;
                if (now == null || !now.key.equals(entry.get().key())) {
                    more = give(entry.get().begin(), in.fileBytes());
                    now = new Sample(entry.get().key());
                    sample = now;
                }
                if (more) {
                    take(now, entry.get(), tar);
                }
            }
        } finally {
            if (sample != null) {
                sample.close();
            }
        }
    }

    private void take(Sample into, TarEntry entry, TarReader tar) throws IOException {
        String kind = entry.kind().toLowerCase(Locale.ROOT);
        boolean text = TEXTS.contains(kind);
        Optional<MediaType> medium =
                MediaEndings.type(kind).filter(_ -> reading.media().isPresent());
        if (medium.isPresent()) {
            if (into.form == null) {
                into.form = reading.media().get().sample();
            }
            into.form.begin(kind, medium.get());
            tar.content(into.form::content);
        } else if (!text && !kind.equals("json")) {
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
    /// @param fileBytes that were read for it
    /// @return whether more is wanted
    private boolean give(long end, long fileBytes) throws IOException, InterruptedException {
        Sample whole = sample;
        if (whole == null) {
            return true;
        }
        Admission admission = admit(whole);
        whole.close();
        sample = null;
        return taker.take(new Item(++number, end, fileBytes, admission, true));
    }

    private String source(Sample sample) {
        return file.name() + "/" + sample.key;
    }

    private Admission admit(Sample whole) throws IOException {
        if (whole.tooLarge) {
            return reading.documents().tooLarge();
        }
        if (whole.form != null) {
            return admit(whole, whole.form);
        }
        if (whole.text != null) {
            return Text.admit(whole.text, Optional.empty(), source(whole), reading.documents());
        }
        if (whole.json != null) {
            return reading.documents().read(whole.json);
        }
        return new Admission.Rejected(
                Fault.MISSING, "text", 1, 1, "is in no member of the sample, which has only " + whole.kinds);
    }

    /// A sample with media: its text is its `.txt`, else what its `.json` has as `text`.
    private Admission admit(Sample whole, SampleForm form) throws IOException {
        Optional<byte[]> json = Optional.ofNullable(whole.json);
        Optional<byte[]> text = Optional.ofNullable(whole.text)
                .or(() -> json.flatMap(
                        each -> Text.member(each, "text").map(found -> found.getBytes(StandardCharsets.UTF_8))));
        Names names = new Names(json.flatMap(each -> Text.member(each, "id")), Optional.of(source(whole)));
        return form.end(names, text, json);
    }
}
