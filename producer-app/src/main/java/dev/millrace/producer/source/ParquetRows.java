package dev.millrace.producer.source;

import dev.hardwood.HardwoodContext;
import dev.hardwood.metadata.ColumnChunk;
import dev.hardwood.metadata.CompressionCodec;
import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.metadata.RowGroup;
import dev.hardwood.reader.ColumnReader;
import dev.hardwood.reader.ColumnReaders;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowGroupPredicate;
import dev.hardwood.schema.ColumnProjection;
import dev.hardwood.schema.SchemaNode;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/// Parquet: a column of texts, row by row, with a column of ids where one is named; other columns are not read.
///
/// In memory are some pages of these columns and some batches of about [#BATCH_BYTES] each, as large as the mean of
/// their row group's rows makes them; where a few rows are far larger than that, [#MOST_ROWS] of them at most. So what
/// the file's writer took for the size of a page decides. It goes on at a row, which costs the decoding of the rows
/// before it in its row group.
final class ParquetRows {
    private static final int BATCH_BYTES = 1 << 20;
    private static final int MOST_ROWS = 64;
    /// As much as the beginning of other files is known by.
    private static final int END_BYTES = 64 << 10;
    private static final int THREADS = 1;
    /// Those whose libraries are there, natively too.
    private static final Set<CompressionCodec> CODECS = Set.of(
            CompressionCodec.UNCOMPRESSED, CompressionCodec.SNAPPY, CompressionCodec.GZIP, CompressionCodec.ZSTD);

    private final DocumentFile source;
    private final Path path;
    private final Reading reading;

    ParquetRows(DocumentFile source, Reading reading) {
        this.source = source;
        this.path = source.path();
        this.reading = reading;
    }

    static InputStream openEnd(DocumentFile file) throws IOException {
        FileChannel channel = file.open();
        return Channels.newInputStream(channel.position(Math.max(0, channel.size() - END_BYTES)));
    }

    /// @param before rows that were read already
    void read(long before, DocumentFile.Taker taker) throws IOException, InterruptedException {
        try (FileChannel channel = source.open();
                HardwoodContext threads = HardwoodContext.create(THREADS);
                ParquetFileReader file =
                        at(0, () -> ParquetFileReader.open(new ChannelFile(channel, source.name()), threads))) {
            check(file);
            read(
                    file,
                    new Rest(
                            before,
                            new Progress(channel.size(), file.getFileMetaData().numRows()),
                            taker));
        }
    }

    private void read(ParquetFileReader file, Rest rest) throws IOException, InterruptedException {
        long row = 0;
        for (RowGroup group : file.getFileMetaData().rowGroups()) {
            long after = row + group.numRows();
            if (after > rest.before() && !read(file, group, row, rest)) {
                return;
            }
            row = after;
        }
    }

    /// What is wanted of a file.
    ///
    /// @param before rows that were read already
    private record Rest(long before, Progress progress, DocumentFile.Taker taker) {}

    /// @param first rows of the file before this group's
    /// @return whether more is wanted
    private boolean read(ParquetFileReader file, RowGroup group, long first, Rest rest)
            throws IOException, InterruptedException {
        long row = first;
        try (ColumnReaders columns = at(
                row,
                () -> file.buildColumnReaders(ColumnProjection.columns(names()))
                        .filter(only(group))
                        .batchSize(rowsOfBatch(group))
                        .build())) {
            while (at(row, columns::nextBatch)) {
                if (Thread.interrupted()) {
                    throw new InterruptedException(path + " is not read past row " + row);
                }
                Batch batch = at(row, () -> batch(columns));
                for (int i = 0; i < columns.getRecordCount(); i++) {
                    row++;
                    long bytes = rest.progress().bytes(row);
                    if (row > rest.before() && !rest.taker().take(new Item(row, bytes, bytes, admit(batch, i), true))) {
                        return false;
                    }
                }
            }
        }
        if (row != first + group.numRows()) {
            throw new IOException(path + " has " + (row - first) + " rows after row " + first + ", where it says that "
                    + group.numRows() + " are");
        }
        return true;
    }

    /// A row group is chosen by where in the file its middle lies.
    private static RowGroupPredicate only(RowGroup group) {
        long start = group.columns().stream()
                .mapToLong(ColumnChunk::chunkStartOffset)
                .min()
                .orElse(0);
        long size = group.columns().stream()
                .mapToLong(chunk -> chunk.metaData().totalCompressedSize())
                .sum();
        return RowGroupPredicate.byteRange(start, start + size);
    }

    /// How far a row is in the file, about: its size in bytes cannot be told.
    private record Progress(long size, long rows) {
        /// From the first row on so many that the whole end of the file counts for knowing it again.
        long bytes(long row) {
            return Math.min(size, Math.max(END_BYTES, (long) ((double) size * row / rows)));
        }
    }

    /// The values of some rows.
    private record Batch(List<Optional<byte[]>> texts, List<Optional<String>> ids) {}

    private Batch batch(ColumnReaders columns) {
        int rows = columns.getRecordCount();
        ColumnReader texts = columns.getColumnReader(reading.textColumn());
        byte[][] values = texts.getBinaries();
        List<Optional<byte[]>> present = Stream.iterate(0, i -> i + 1)
                .limit(rows)
                .map(i -> texts.getLeafValidity().isNull(i) ? Optional.<byte[]>empty() : Optional.of(values[i]))
                .toList();
        return new Batch(
                present,
                reading.idColumn()
                        .map(name -> ids(columns.getColumnReader(name), rows))
                        .orElse(List.of()));
    }

    private static List<Optional<String>> ids(ColumnReader column, int rows) {
        String[] ids = new String[rows];
        switch (column.getColumnSchema().type()) {
            case INT64 -> {
                long[] numbers = column.getLongs();
                for (int i = 0; i < rows; i++) {
                    ids[i] = Long.toString(numbers[i]);
                }
            }
            case INT32 -> {
                int[] numbers = column.getInts();
                for (int i = 0; i < rows; i++) {
                    ids[i] = Integer.toString(numbers[i]);
                }
            }
            default -> ids = column.getStrings();
        }
        String[] known = ids;
        return Stream.iterate(0, i -> i + 1)
                .limit(rows)
                .map(i -> column.getLeafValidity().isNull(i) ? Optional.<String>empty() : Optional.of(known[i]))
                .toList();
    }

    private Admission admit(Batch batch, int row) {
        Optional<String> id =
                batch.ids().isEmpty() ? Optional.empty() : batch.ids().get(row);
        return batch.texts()
                .get(row)
                .map(text -> Text.admit(text, id, source.name(), reading.documents()))
                .orElseGet(() -> new Admission.Rejected(Fault.MISSING, reading.textColumn(), 1, 1, "is null"));
    }

    private String[] names() {
        return Stream.concat(Stream.of(reading.textColumn()), reading.idColumn().stream())
                .distinct()
                .toArray(String[]::new);
    }

    private int rowsOfBatch(RowGroup group) {
        long bytes = group.columns().stream()
                .filter(chunk -> List.of(names()).contains(name(chunk)))
                .mapToLong(chunk -> chunk.metaData().totalUncompressedSize())
                .sum();
        return Math.clamp(BATCH_BYTES * group.numRows() / Math.max(1, bytes), 1, MOST_ROWS);
    }

    private static String name(ColumnChunk chunk) {
        return chunk.metaData().pathInSchema().toString();
    }

    private void check(ParquetFileReader file) throws IOException {
        check(file, reading.textColumn(), "millrace.ingest.text-column", Set.of(PhysicalType.BYTE_ARRAY));
        if (reading.idColumn().isPresent()) {
            check(
                    file,
                    reading.idColumn().get(),
                    "millrace.ingest.id-column",
                    Set.of(PhysicalType.BYTE_ARRAY, PhysicalType.INT32, PhysicalType.INT64));
        }
        for (RowGroup group : file.getFileMetaData().rowGroups()) {
            for (ColumnChunk chunk : group.columns()) {
                if (List.of(names()).contains(name(chunk))
                        && !CODECS.contains(chunk.metaData().codec())) {
                    throw new IOException(path + ": column '" + name(chunk) + "' is packed with "
                            + chunk.metaData().codec() + "; Millrace reads " + CODECS);
                }
            }
        }
    }

    private void check(ParquetFileReader file, String column, String setting, Set<PhysicalType> types)
            throws IOException {
        List<SchemaNode> fields = file.getFileSchema().getRootNode().children();
        SchemaNode found = fields.stream()
                .filter(field -> field.name().equals(column))
                .findFirst()
                .orElseThrow(() -> new IOException(path + " has no column '" + column + "' (" + setting + "); it has "
                        + fields.stream().map(SchemaNode::name).toList()));
        if (!(found instanceof SchemaNode.PrimitiveNode primitive)
                || primitive.maxRepetitionLevel() > 0
                || !types.contains(primitive.type())) {
            throw new IOException(path + ": column '" + column + "' (" + setting + ") does not hold one of " + types
                    + " in each row, but " + found);
        }
    }

    /// Whatever a damaged file makes the reader throw becomes an error that says where.
    private <T> T at(long row, Callable<T> step) throws IOException, InterruptedException {
        try {
            return step.call();
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception e) {
            Throwable root = e;
            while (root.getCause() != null) {
                root = root.getCause();
            }
            throw new IOException(path + " cannot be read past row " + row + ": " + root.getMessage(), e);
        }
    }
}
