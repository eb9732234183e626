package dev.millrace.producer.source;

import dev.millrace.producer.document.Admission;

/// One document of a file, admitted or not.
///
/// @param line its number in the file, from 1: of a line, where blank ones count, of a row or of a sample
/// @param end bytes of the file, unpacked, up to and including it; of a Parquet file about so many. With the number
///     it is where an ingestion goes on once the document is on the log
/// @param read bytes of the file, as it lies on the disk, that were read up to here, about
/// @param admission whether it is taken
/// @param ended whether its line has its line feed: a last line that has none may still be being written
public record Item(long line, long end, long read, Admission admission, boolean ended) {}
