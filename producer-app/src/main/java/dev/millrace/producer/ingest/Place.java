package dev.millrace.producer.ingest;

import java.nio.file.Path;

/// Where a document lies.
///
/// @param unit what its file is counted in: "line", say
/// @param number of it, from 1
record Place(Path file, String unit, long number) {
    @Override
    public String toString() {
        return file + " " + unit + " " + number;
    }
}
