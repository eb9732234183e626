package dev.millrace.producer.source;

import dev.millrace.producer.document.Admission;

/// One document of a file, admitted or not.
///
/// @param line its number in the file, from 1; blank lines count
/// @param end bytes of the file, unpacked, up to and including it: where an ingestion goes on once it is on the log
/// @param admission whether it is taken
/// @param ended whether its line has its line feed: a last line that has none may still be being written
public record Item(long line, long end, Admission admission, boolean ended) {}
