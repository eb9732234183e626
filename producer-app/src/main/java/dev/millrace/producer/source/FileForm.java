package dev.millrace.producer.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/// What a file holds, by its ending.
@SuppressWarnings("ImmutableEnumChecker") // What Set.of makes is not changed by anyone.
enum FileForm {
    /// A document per line.
    LINES("line", Set.of("jsonl", "ndjson"), true) {
        @Override
        void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
                throws IOException, InterruptedException {
            LineFile.read(file, from, before, reading, taker);
        }
    },
    /// One document.
    TEXT("document", Set.of("txt", "text", "md", "java", "py", "c", "cc", "cpp", "h", "go", "rs"), true) {
        @Override
        void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
                throws IOException, InterruptedException {
            if (from == 0) {
                TextFile.read(file, reading, taker);
            }
        }
    },
    /// A document per row.
    PARQUET("row", Set.of("parquet"), false) {
        @Override
        void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
                throws IOException, InterruptedException {
            new ParquetRows(file, reading).read(before, taker);
        }

        @Override
        InputStream openIdentity(DocumentFile file) throws IOException {
            return ParquetRows.openEnd(file);
        }
    },
    /// A document per sample, as WebDataset has them.
    TAR("sample", Set.of("tar"), true) {
        @Override
        void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
                throws IOException, InterruptedException {
            TarSamples.read(file, from, before, reading, taker);
        }
    };

    private final String unit;
    private final Set<String> endings;
    private final boolean packable;

    FileForm(String unit, Set<String> endings, boolean packable) {
        this.unit = unit;
        this.endings = endings;
        this.packable = packable;
    }

    /// The form of a file of this name, where it is one that is read.
    static Optional<FileForm> of(Path path) {
        Packing packing = Packing.of(path);
        String ending = packing.ending(path);
        for (FileForm form : values()) {
            if (form.endings.contains(ending) && (form.packable || packing == Packing.NONE)) {
                return Optional.of(form);
            }
        }
        return Optional.empty();
    }

    /// What a document is called in such a file.
    String unit() {
        return unit;
    }

    /// As [DocumentFile#read].
    abstract void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
            throws IOException, InterruptedException;

    /// As [DocumentFile#openIdentity].
    InputStream openIdentity(DocumentFile file) throws IOException {
        return Packing.open(file);
    }
}
